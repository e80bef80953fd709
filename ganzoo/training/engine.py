"""The device, the precision and the processes of a run."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy

from ganzoo.errors import RequestError
from ganzoo.launcher import is_main_process, launcher, local_process_count, process_count
from ganzoo.sections import TrainOptions
from ganzoo.shard import Shard
from ganzoo.training.collectives import Collectives
from ganzoo.training.connection import Connection, Hanging
from ganzoo.training.failure import Failure, lost_message


class LostProcess(ConnectionError):
    """Another process of the run has ended unexpectedly."""


def launched_as_main(settings: TrainOptions) -> bool:
    """Whether this process writes files; can be called before an Engine is created.

    Raises RequestError if ``train.devices`` contradicts the launcher of this process.
    """
    return is_main_process(settings.devices, settings.nodes)


class Engine(Collectives):
    """Devices, precision and collectives, by lightning-fabric.

    Networks are never wrapped. After each backward pass one flat all-reduce averages the gradients,
    which is correct for any loss, including gradient penalties.

    Raises RequestError if a device is not available, or if the batch cannot be split.
    """

    def __init__(self, settings: TrainOptions) -> None:
        count = process_count(settings.devices, settings.nodes)
        settings.require_equal_parts(count)
        device = _device(settings, count)
        self._timeout = settings.timeout
        self._connection = Connection.open(settings, count, device) if count > 1 else None
        self._fabric = Fabric(
            accelerator=device.type,
            devices=[device.index] if device.type == "cuda" else 1,
            # For lightning, each process is a machine with the one device that it uses.
            num_nodes=count,
            strategy=DDPStrategy() if count > 1 else "auto",
            precision="bf16-mixed" if settings.precision == "bf16" else "32-true",
            plugins=OneDevice(self._connection.rank if self._connection else 0, count),
        )
        with _unchanged_threads():
            self._fabric.launch()
        if settings.precision == "bf16":
            _warn_about_slow_bf16(self.device)

    @property
    def shard(self) -> Shard:
        """This process's part of a global batch."""
        return Shard(self.rank, self.processes)

    @property
    def is_main(self) -> bool:
        """Whether this process is the main process, which writes files and reports."""
        return self.rank == 0

    def autocast(self) -> AbstractContextManager[Any]:
        """A context for forward passes in the run's precision."""
        context: AbstractContextManager[Any] = self._fabric.autocast()
        return context

    def _on_lost_process(self, error: RuntimeError) -> NoReturn:
        assert self._connection
        waited = isinstance(error, Hanging) or "timed out" in str(error).lower()
        no_answer = f"no answer within train.timeout={self._timeout}"
        message = lost_message(no_answer if waited else _first_line(error))
        Failure(message, lost=True, waited=waited).record()
        if self.rank > 0:
            raise SystemExit(1) from error
        raise LostProcess(self._connection.end_children() or message) from error


def _first_line(error: RuntimeError) -> str:
    """The beginning of torch's message, without the place in C++."""
    return re.sub(r"^\[\S+\] ", "", str(error).splitlines()[0])[:120]


@contextmanager
def _unchanged_threads() -> Iterator[None]:
    """A context after which the number of threads is as before.

    Lightning's launcher gives each process all cores, because here it counts one process on each
    machine, and sets OMP_NUM_THREADS, which later runs of the program would follow.
    """
    threads, unset = torch.get_num_threads(), "OMP_NUM_THREADS" not in os.environ
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        if unset:
            os.environ.pop("OMP_NUM_THREADS", None)


class OneDevice(ClusterEnvironment):
    """What lightning needs to know of a process that is connected to the others already."""

    def __init__(self, rank: int, processes: int) -> None:
        super().__init__()
        self._rank = rank
        self._processes = processes

    @property
    def creates_processes_externally(self) -> bool:
        """True: lightning starts no processes."""
        return True

    @property
    def main_address(self) -> str:
        """Not used: the processes are connected."""
        return ""

    @property
    def main_port(self) -> int:
        """Not used: the processes are connected."""
        return 0

    @staticmethod
    def detect() -> bool:
        """False: it is chosen explicitly."""
        return False

    def world_size(self) -> int:
        """The number of processes."""
        return self._processes

    def set_world_size(self, size: int) -> None:
        """Do nothing: the number is known."""

    def global_rank(self) -> int:
        """The rank of this process."""
        return self._rank

    def set_global_rank(self, rank: int) -> None:
        """Do nothing: the rank is known."""

    def local_rank(self) -> int:
        """0: lightning gets only the device of this process."""
        return 0

    def node_rank(self) -> int:
        """The rank of this process, as if it had a machine for itself."""
        return self._rank


def _device(settings: TrainOptions, count: int) -> torch.device:
    """The device of this process, by its number among those on this machine.

    Raises RequestError if there is none.
    """
    found = launcher() if count > 1 else None
    here = local_process_count(settings.devices, settings.nodes)
    local = found.local_rank if found else 0
    device, devices = settings.device, f"train.devices={here}"
    kind, _, number = device.partition(":")
    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    has_mps = torch.backends.mps.is_available()
    if kind == "cuda" and not cuda:
        raise RequestError(
            f"train.device={device}: no CUDA device is available: write auto or cpu, or "
            "install a build of torch for your GPU"
        )
    if kind == "mps" and not has_mps:
        raise RequestError("train.device=mps: this machine has no Metal device")
    if number and count > 1:
        raise RequestError(f"train.device={device} is one device, but {devices}")
    if kind in ("auto", "mps") and has_mps and count > 1:
        raise RequestError(f"{devices}: there is one Metal device")
    if number and int(number) >= cuda:
        raise RequestError(f"train.device={device}: the CUDA devices here are 0 to {cuda - 1}")
    if kind in ("auto", "cuda") and cuda:
        # With `srun --gpus-per-task=1`, each process sees only its own device.
        if found and found.name == "srun" and cuda == 1:
            local = 0
        elif here > cuda:
            raise RequestError(f"{devices}, but the number of CUDA devices is {cuda}")
        return torch.device("cuda", int(number or local))
    return torch.device("mps" if kind == "mps" or (kind == "auto" and has_mps) else "cpu")


def _warn_about_slow_bf16(device: torch.device) -> None:
    # On a CPU without native bf16 it was measured as thirty times slower than float32.
    if device.type == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        warnings.warn(
            "this CPU has no native bf16: train.precision=bf16 will be many times slower than fp32",
            stacklevel=3,
        )
