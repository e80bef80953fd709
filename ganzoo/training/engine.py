"""The device, the precision and the processes of a run."""

from __future__ import annotations

import atexit
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any, NoReturn

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch.distributed import DistNetworkError, destroy_process_group, is_initialized

from ganzoo.errors import RequestError
from ganzoo.launcher import is_main_process, launcher, process_count, process_rank
from ganzoo.sections import TrainOptions
from ganzoo.shard import Shard, equal_parts
from ganzoo.training import processes
from ganzoo.training.collectives import Collectives


class LostProcess(ConnectionError):
    """Another process of the run has ended unexpectedly."""


def launched_as_main(settings: TrainOptions) -> bool:
    """Whether this process writes files; can be called before an Engine is created.

    Raises RequestError if ``train.devices`` contradicts the launcher of this process.
    """
    return is_main_process(settings.devices)


class Engine(Collectives):
    """Launching, devices, precision and collectives, by lightning-fabric.

    Networks are never wrapped. After each backward pass one flat all-reduce averages the gradients,
    which is correct for any loss, including gradient penalties.

    Raises RequestError if a device is not available, or if the batch cannot be split.
    """

    def __init__(self, settings: TrainOptions) -> None:
        count = process_count(settings.devices)
        accelerator, devices = _accelerator_and_devices(settings.device, count)
        if settings.batch_size % (count * settings.accumulate):
            raise RequestError(
                f"train.batch_size={settings.batch_size} cannot be split into "
                f"{equal_parts(count, settings.accumulate)}"
            )
        self._environment = processes.SingleMachineEnvironment()
        self._fabric = Fabric(
            accelerator=accelerator,
            devices=devices,
            # The other processes wait while the main process prepares images, maybe for hours.
            strategy=DDPStrategy(timeout=timedelta(days=1)) if count > 1 else "auto",
            precision="bf16-mixed" if settings.precision == "bf16" else "32-true",
            plugins=self._environment,
        )
        self._children = self._start_children(count)
        self._launch()
        if settings.precision == "bf16":
            _warn_about_slow_bf16(self.device)

    def _start_children(self, count: int) -> processes.ChildProcesses | None:
        if count == 1 or launcher() or is_initialized():
            return None
        if process_rank() > 0:
            processes.exit_with_parent()
            return None
        children = processes.ChildProcesses(count, self._environment.main_port)
        processes.exit_if_child_is_lost(children)
        return children

    def _launch(self) -> None:
        try:
            with _address_restored(), processes.ended_by_launcher():
                self._fabric.launch()
        except BaseException as error:
            if self._children:
                self._children.kill()  # otherwise they wait for this process for a day
            if isinstance(error, DistNetworkError):
                raise ConnectionError(
                    "the processes of this run cannot connect at port "
                    f"{self._environment.main_port}: set another MASTER_PORT, or unset it to use "
                    "a free port"
                ) from error
            raise
        if is_initialized():
            atexit.register(_disconnect)

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
        if self.rank > 0:
            raise SystemExit(1) from error
        reason = _first_line(error)
        if self._children:
            reason = self._children.wait_for_failure() or reason
            self._children.kill()
        raise LostProcess(processes.lost_message(reason)) from error


def _disconnect() -> None:
    """Leave the group of processes; its threads may abort a process that exits without this."""
    if is_initialized():
        destroy_process_group()


@contextmanager
def _address_restored() -> Iterator[None]:
    """A context after which the variables that connect processes are as before."""
    names = ("MASTER_ADDR", "MASTER_PORT")
    before = {name: os.environ[name] for name in names if name in os.environ}
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(before)


def _first_line(error: RuntimeError) -> str:
    """The start of a message, without the location in C++ code."""
    return re.sub(r"^\[\S+\] ", "", str(error).splitlines()[0])[:120]


def _accelerator_and_devices(device: str, count: int) -> tuple[str, int | list[int]]:
    kind, _, number = device.partition(":")
    has_cuda, has_mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if kind == "cuda" and not has_cuda:
        raise RequestError(f"train.device={device}: no CUDA device is available")
    if kind == "mps" and not has_mps:
        raise RequestError("train.device=mps: this machine has no Metal device")
    if number and count > 1:
        raise RequestError(f"train.device={device} is one device, but train.devices={count}")
    if kind in ("auto", "mps") and has_mps and count > 1:
        raise RequestError(f"train.devices={count}: there is one Metal device")
    if kind in ("auto", "cuda") and has_cuda and count > torch.cuda.device_count():
        raise RequestError(
            f"train.devices={count}, but the number of CUDA devices is {torch.cuda.device_count()}"
        )
    if number and int(number) >= torch.cuda.device_count():
        raise RequestError(
            f"train.device={device}: the CUDA devices here are 0 to {torch.cuda.device_count() - 1}"
        )
    return kind, [int(number)] if number else count


def _warn_about_slow_bf16(device: torch.device) -> None:
    # On a CPU without native bf16 it was measured as thirty times slower than float32.
    if device.type == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        warnings.warn(
            "this CPU has no native bf16: train.precision=bf16 will be many times slower than fp32",
            stacklevel=3,
        )
