"""Messages from the main process, and processes that hang, with connections in threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from ganzoo import RequestError
from ganzoo.sections import TrainOptions
from ganzoo.training import connection as module
from ganzoo.training.connection import Connection, Hanging
from ganzoo.training.rendezvous import Address, connect


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Connection]]:
    """The connections of two processes with a timeout of half a second, and fast heartbeats."""
    monkeypatch.setattr(module, "_BEAT", 0.05)
    address = Address.on_this_machine()
    stores = [connect(address, is_host=True), connect(address, is_host=False)]
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda rank: Connection(stores[rank], rank, 2, 0.5), range(2)))
    yield found
    for each in found:
        each.close()


def test_the_others_get_the_values_of_the_main_process_in_order(two: list[Connection]) -> None:
    main, other = two
    values = [None, ("a", 1.5), {"b": [1]}]
    assert [main.broadcast(value) for value in values] == values
    assert [other.broadcast("its own") for _ in values] == values


def test_a_main_process_that_works_for_long_is_waited_for(two: list[Connection]) -> None:
    main, other = two
    threading.Timer(1.5, main.broadcast, ["prepared"]).start()
    start = time.monotonic()
    assert other.broadcast(None) == "prepared"
    assert time.monotonic() - start > 1


def test_a_main_process_without_heartbeats_is_noticed(two: list[Connection]) -> None:
    main, other = two
    main.close()
    with pytest.raises(Hanging, match="rank 0"):
        other.broadcast(None)


def test_the_main_process_waits_for_the_others_and_they_do_not_wait(two: list[Connection]) -> None:
    main, other = two
    for _ in range(2):
        threading.Timer(0.2, other.tell_ready).start()
        start = time.monotonic()
        main.wait_for_others()
        assert time.monotonic() - start > 0.1
    with pytest.raises(Hanging):
        main.wait_for_others()


def test_the_number_of_processes_of_a_program_stays(
    two: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_opened", two)
    cpu = torch.device("cpu")
    assert Connection.open(TrainOptions(), 2, cpu) is two[0]
    with pytest.raises(RequestError, match=r"train\.devices=3, but this program has 2 processes"):
        Connection.open(TrainOptions(), 3, cpu)


def test_a_python_program_on_several_machines_needs_a_launcher() -> None:
    with pytest.raises(RequestError, match=r"train\.nodes=2: start the program with torchrun or"):
        Connection.open(TrainOptions(nodes=2), 2, torch.device("cpu"))
