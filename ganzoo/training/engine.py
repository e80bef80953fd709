"""The device, the precision and the processes of a run."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, nn
from torch.distributed import DistNetworkError, is_initialized

from ganzoo.errors import RequestError
from ganzoo.sections import TrainOptions
from ganzoo.shard import Shard
from ganzoo.training import processes

logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it logs every start at length

T = TypeVar("T")


class LostProcess(ConnectionError):
    """Another process of the run has ended unexpectedly."""


def launched_as_main(settings: TrainOptions) -> bool:
    """Whether this process writes files; can be called before an Engine is created."""
    return settings.devices == 1 or processes.process_rank() == 0


class Engine:
    """Launching, devices, precision and collectives, by lightning-fabric.

    Networks are never wrapped. After each backward pass one flat all-reduce averages the gradients,
    which is correct for any loss, including gradient penalties.
    """

    def __init__(self, settings: TrainOptions) -> None:
        accelerator, devices = _accelerator_and_devices(settings)
        if settings.batch_size % settings.devices:
            raise RequestError(
                f"train.batch_size={settings.batch_size} cannot be split into "
                f"train.devices={settings.devices} equal parts"
            )
        self._environment = (
            None if TorchElasticEnvironment.detect() else processes.SingleMachineEnvironment()
        )
        self._fabric = Fabric(
            accelerator=accelerator,
            devices=devices,
            # The other processes wait while the main process prepares images, maybe for hours.
            strategy=DDPStrategy(timeout=timedelta(days=1)) if settings.devices > 1 else "auto",
            precision="bf16-mixed" if settings.precision == "bf16" else "32-true",
            plugins=self._environment,
        )
        self._children = self._start_children(settings)
        self._launch()
        if settings.precision == "bf16":
            _warn_about_slow_bf16(self.device)
        torch.set_float32_matmul_precision("high" if settings.precision == "tf32" else "highest")
        if self.device.type == "cuda":
            # The fastest algorithm that cuDNN finds differs between starts, and so do last bits.
            torch.backends.cudnn.deterministic = True
            torch.backends.cudnn.allow_tf32 = settings.precision == "tf32"

    def _start_children(self, settings: TrainOptions) -> processes.ChildProcesses | None:
        if settings.devices == 1 or self._environment is None or is_initialized():
            return None
        if processes.process_rank() > 0:
            processes.exit_with_parent()
            return None
        children = processes.ChildProcesses(settings.devices, self._environment.main_port)
        processes.exit_if_child_is_lost(children)
        return children

    def _launch(self) -> None:
        try:
            self._fabric.launch()
        except BaseException as error:
            if self._children:
                self._children.kill()  # otherwise they wait for this process for a day
            if isinstance(error, DistNetworkError) and self._environment:
                raise ConnectionError(
                    "the processes of this run cannot connect at port "
                    f"{self._environment.main_port}: set another MASTER_PORT, or unset it to use "
                    "a free port"
                ) from error
            raise

    @property
    def device(self) -> torch.device:
        """The device of this process."""
        return self._fabric.device

    @property
    def rank(self) -> int:
        """The rank of this process over all machines."""
        return self._fabric.global_rank

    @property
    def shard(self) -> Shard:
        """This process's part of a global batch."""
        return Shard(self.rank, self.processes)

    @property
    def processes(self) -> int:
        """The number of processes that train together, the world size."""
        return self._fabric.world_size

    @property
    def is_main(self) -> bool:
        """Whether this process is the main process, which writes files and reports."""
        return self.rank == 0

    def autocast(self) -> AbstractContextManager[Any]:
        """A context for forward passes in the run's precision."""
        context: AbstractContextManager[Any] = self._fabric.autocast()
        return context

    def broadcast(self, value: T) -> T:
        """The main process's value, in every process."""
        if self.processes == 1:
            return value
        with self._collective():
            return self._fabric.broadcast(value)

    def any(self, flag: bool) -> bool:
        """Whether the flag is true in any process; the same result in all."""
        if self.processes == 1:
            return flag
        return bool(self.mean(torch.tensor(float(flag), device=self.device)) > 0)

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a tensor over all processes."""
        if self.processes == 1:
            return value
        with self._collective():
            reduced = self._fabric.all_reduce(value, reduce_op="mean")
        assert isinstance(reduced, Tensor)
        return reduced

    @torch.no_grad()
    def average_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Replace each gradient by its mean over all processes, in one all-reduce."""
        if self.processes == 1:
            return
        for parameter in parameters:  # every process must flatten the same list
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = self.mean(torch.cat([gradient.reshape(-1) for gradient in gradients]))
        parts = torch.split(flat, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def gather(self, tensor: Tensor) -> Tensor:
        return tensor

    def average_(self, tensors: Sequence[Tensor]) -> None:
        raise NotImplementedError

    def require_same(self, digests: Any) -> None:
        raise NotImplementedError

    def barrier(self) -> None:
        """Wait until all processes reach this call."""
        if self.processes > 1:
            with self._collective():
                self._fabric.barrier()

    @contextmanager
    def _collective(self) -> Iterator[None]:
        """A context for a collective; if it fails, the main process reports the lost process."""
        try:
            yield
        except RuntimeError as error:
            if self.rank > 0:
                raise SystemExit(1) from error
            reason = _first_line(error)
            if self._children:
                reason = self._children.wait_for_failure() or reason
                self._children.kill()
            raise LostProcess(processes.lost_message(reason)) from error


def _first_line(error: RuntimeError) -> str:
    return re.sub(r"^\[\S+\] ", "", str(error).splitlines()[0])[
        :120
    ]  # without the location in C++ code


def _accelerator_and_devices(settings: TrainOptions) -> tuple[str, int | list[int]]:
    kind, _, number = settings.device.partition(":")
    if kind == "cuda" and not torch.cuda.is_available():
        raise RequestError(f"train.device={settings.device}: no CUDA device is available")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise RequestError("train.device=mps: this machine has no Metal device")
    if number and settings.devices > 1:
        raise RequestError(
            f"train.device={settings.device} is one device, but train.devices={settings.devices}"
        )
    if kind == "cuda" and settings.devices > torch.cuda.device_count():
        raise RequestError(
            f"train.devices={settings.devices}: there are {torch.cuda.device_count()} CUDA devices"
        )
    if number and int(number) >= torch.cuda.device_count():
        raise RequestError(
            f"train.device={settings.device}: the CUDA devices here are 0 to "
            f"{torch.cuda.device_count() - 1}"
        )
    return kind, [int(number)] if number else settings.devices


def _warn_about_slow_bf16(device: torch.device) -> None:
    # On a CPU without native bf16 it was measured as thirty times slower than float32.
    if device.type == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        warnings.warn(
            "this CPU has no native bf16: train.precision=bf16 will be many times slower than fp32",
            stacklevel=3,
        )
