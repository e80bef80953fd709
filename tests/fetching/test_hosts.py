from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack

from ganzoo.fetching.hosts import Host, Turns


def test_turns_follow_the_list_but_pass_busy_hosts_over() -> None:
    turns = Turns(["http://a/1", "http://a/2", "http://A/3", "http://b/1", "http://c/1"], 2)
    with ExitStack() as at_work:
        first = [at_work.enter_context(turns.turn()) for _ in range(5)]
    assert first == ["http://a/1", "http://b/1", "http://c/1", "http://a/2", None]
    with turns.turn() as address:
        assert address == "http://A/3"
        with turns.turn() as other:
            assert other is None


def test_whoever_comes_back_finds_all_that_is_left() -> None:
    turns = Turns([f"http://a/{i}" for i in range(5)], 2)
    with turns.turn() as one, turns.turn() as two, turns.turn() as three:
        assert (one, two, three) == ("http://a/0", "http://a/1", None)
    left = []
    while True:
        with turns.turn() as address:
            if address is None:
                break
            left.append(address)
    assert left == ["http://a/2", "http://a/3", "http://a/4"]


def test_a_host_has_seats_and_rests() -> None:
    async def ask() -> tuple[int, float]:
        host = Host(2)
        host.rest(0.05)
        host.rest(0.01)
        busy = busiest = 0
        start = time.monotonic()

        async def one() -> None:
            nonlocal busy, busiest
            async with host.seat():
                busy += 1
                busiest = max(busiest, busy)
                await asyncio.sleep(0)
                busy -= 1

        await asyncio.gather(*(one() for _ in range(6)))
        return busiest, time.monotonic() - start

    busiest, seconds = asyncio.run(ask())
    assert busiest == 2
    assert seconds >= 0.05
