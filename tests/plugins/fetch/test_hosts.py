from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack

from ganzoo_fetch.hosts import Host, UrlQueue


def test_urls_come_in_order_but_those_of_busy_hosts_come_later() -> None:
    queue = UrlQueue(["http://a/1", "http://a/2", "http://A/3", "http://b/1", "http://c/1"], 2)
    with ExitStack() as workers:
        first = [workers.enter_context(queue.take()) for _ in range(5)]
    assert first == ["http://a/1", "http://b/1", "http://c/1", "http://a/2", None]
    with queue.take() as url:
        assert url == "http://A/3"
        with queue.take() as other:
            assert other is None


def test_a_worker_that_returns_takes_all_remaining_urls() -> None:
    queue = UrlQueue([f"http://a/{i}" for i in range(5)], 2)
    with queue.take() as one, queue.take() as two, queue.take() as three:
        assert (one, two, three) == ("http://a/0", "http://a/1", None)
    rest = []
    while True:
        with queue.take() as url:
            if url is None:
                break
            rest.append(url)
    assert rest == ["http://a/2", "http://a/3", "http://a/4"]


def test_a_host_limits_requests_at_once_and_pauses() -> None:
    async def request_all() -> tuple[int, float]:
        host = Host(2)
        host.pause(0.05)
        host.pause(0.01)
        busy = busiest = 0
        start = time.monotonic()

        async def one() -> None:
            nonlocal busy, busiest
            async with host.slot():
                busy += 1
                busiest = max(busiest, busy)
                await asyncio.sleep(0)
                busy -= 1

        await asyncio.gather(*(one() for _ in range(6)))
        return busiest, time.monotonic() - start

    busiest, seconds = asyncio.run(request_all())
    assert busiest == 2
    assert seconds >= 0.05
