"""How the processes of a run find each other: at one address, in a store of torch."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from typing import NamedTuple

from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from torch.distributed import DistNetworkError, TCPStore  # type: ignore[attr-defined]
from torch.distributed.distributed_c10d import Store

from ganzoo.errors import RequestError
from ganzoo.launcher import Launcher

PATIENCE = 15 * 60
"""Seconds in which all processes of a run must have started."""
LOCAL_HOST = "127.0.0.1"
_DEFAULT_PORT = 29500  # that of torchrun


class Address(NamedTuple):
    """Where the store of a run is."""

    host: str
    port: int

    @classmethod
    def on_this_machine(cls) -> Address:
        """An address for processes of this machine only: at MASTER_PORT, or at a free port."""
        return cls(LOCAL_HOST, int(os.environ.get("MASTER_PORT") or _free_port()))

    @classmethod
    def of_launcher(cls, launcher: Launcher) -> Address:
        """The address at which the processes of a launcher meet.

        Raises RequestError if the environment does not have it.
        """
        if launcher.name == "srun":
            return cls.of_first_machine()
        return cls(os.environ.get("MASTER_ADDR") or LOCAL_HOST, int(os.environ["MASTER_PORT"]))

    @classmethod
    def of_first_machine(cls) -> Address:
        """The address that all machines of a run know, by MASTER_ADDR or by the job of SLURM.

        Raises RequestError if the environment has neither.
        """
        host, port = os.environ.get("MASTER_ADDR"), os.environ.get("MASTER_PORT")
        machines = os.environ.get("SLURM_STEP_NODELIST") or os.environ.get("SLURM_JOB_NODELIST")
        if not host and not machines:
            raise RequestError(
                "the address of the first machine is unknown: set MASTER_ADDR, and MASTER_PORT if "
                f"port {_DEFAULT_PORT} is in use there"
            )
        host = host or SLURMEnvironment.resolve_root_node_address(machines or "")
        return cls(host, int(port) if port else _job_port())


def _job_port() -> int:
    """A port that jobs of SLURM on one machine do not share, as lightning chooses it."""
    job = os.environ.get("SLURM_JOB_ID", "")
    return 15000 + int(job[-4:]) if job.isdecimal() else _DEFAULT_PORT


def _free_port() -> int:
    with socket.create_server((LOCAL_HOST, 0)) as server:
        port: int = server.getsockname()[1]
    return port


def connect(address: Address, *, is_host: bool) -> Store:
    """The store at an address; the host opens it, and others wait until it is there.

    Raises ConnectionError if the port is in use, or if there is no store for a long time.
    """
    host, port = address
    if not is_host:
        _wait_for_port(address)
    try:
        return TCPStore(host, port, is_master=is_host, wait_for_workers=False)
    except DistNetworkError as error:
        raise ConnectionError(
            f"the processes of this run cannot connect at {host}, port {port}: set another "
            "MASTER_PORT, or unset it to use a free port"
        ) from error


def wait_for_all(store: Store, name: str, count: int) -> None:
    """Wait until as many have called this with the same name.

    Raises ConnectionError if they do not for a long time.
    """
    store.add(name, 1)
    for _ in _patiently():
        here = store.add(name, 0)
        if here >= count:
            return
    raise ConnectionError(
        f"only {here} of {count} {name} have started within {PATIENCE // 60} minutes"
    )


def _wait_for_port(address: Address) -> None:
    # The store itself would print each attempt, and no signal would interrupt it.
    for _ in _patiently():
        try:
            socket.create_connection(address, timeout=5).close()
        except OSError:
            continue
        return
    raise ConnectionError(
        f"nothing answered at {address.host}, port {address.port} within {PATIENCE // 60} minutes: "
        "start the first machine, too, and check MASTER_ADDR and MASTER_PORT"
    )


def _patiently() -> Iterator[None]:
    """Several attempts per second, for a long time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        yield
        time.sleep(0.1)
