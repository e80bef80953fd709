from __future__ import annotations

import socket

import pytest

from ganzoo import RequestError
from ganzoo.launcher import Launcher
from ganzoo.training import rendezvous
from ganzoo.training.rendezvous import Address, connect, wait_for_all


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MASTER_ADDR", "MASTER_PORT", "SLURM_JOB_ID", "SLURM_JOB_NODELIST"):
        monkeypatch.delenv(name, raising=False)


def test_on_one_machine_the_port_is_free_or_that_of_master_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Address.on_this_machine().host == "127.0.0.1"
    assert Address.on_this_machine().port > 0
    monkeypatch.setenv("MASTER_PORT", "1234")
    assert Address.on_this_machine() == ("127.0.0.1", 1234)


def test_the_first_machine_is_named_by_variables_or_by_slurm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(RequestError, match="set MASTER_ADDR, and MASTER_PORT if port 29500 is in"):
        Address.of_first_machine()
    monkeypatch.setenv("SLURM_JOB_NODELIST", "node[007-009,12]")
    assert Address.of_first_machine() == ("node007", 29500)
    monkeypatch.setenv("SLURM_JOB_ID", "1234567")
    assert Address.of_launcher(Launcher("srun", 1, 4)) == ("node007", 19567)
    monkeypatch.setenv("MASTER_ADDR", "gpu1")
    monkeypatch.setenv("MASTER_PORT", "1234")
    assert Address.of_first_machine() == ("gpu1", 1234)
    assert Address.of_launcher(Launcher("torchrun", 1, 4)) == ("gpu1", 1234)


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConnectionError, match=f"port {port}: set another MASTER_PORT"):
            connect(Address("127.0.0.1", port), is_host=True)


def test_what_does_not_come_ends_the_wait_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendezvous, "PATIENCE", 0.3)
    address = Address.on_this_machine()
    with pytest.raises(ConnectionError, match=f"nothing answered at 127.0.0.1, port {address[1]}"):
        connect(address, is_host=False)
    store = connect(address, is_host=True)
    with pytest.raises(ConnectionError, match="only 1 of 2 machines have started"):
        wait_for_all(store, "machines", 2)
