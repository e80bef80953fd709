"""Operations in which all processes of a run take part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor, distributed, nn
from torch.autograd import Function

from ganzoo.training.connection import Connection

T = TypeVar("T")


class ProcessesDiffer(RuntimeError):
    """The processes of a run have different values of something that must be the same."""


class Collectives(ABC):
    """Operations that every process calls at the same point; with one process they change nothing.

    All tensors are on the device of the process and have the same shape in every process. All but
    ``broadcast`` fail if a process does not take part within ``train.timeout``.
    """

    _fabric: Fabric
    _connection: Connection | None

    @property
    def rank(self) -> int:
        """The number of this process, from 0."""
        return self._fabric.global_rank

    @property
    def processes(self) -> int:
        """The number of processes that train together."""
        return self._fabric.world_size

    @property
    def device(self) -> torch.device:
        """The device of this process."""
        return self._fabric.device

    def broadcast(self, value: T) -> T:
        """The main process's value, in every process.

        The others wait for it as long as the main process is alive.
        """
        if self.processes == 1:
            return value
        assert self._connection
        with self._collective():
            return cast(T, self._connection.broadcast(value))

    def wait_for_others(self) -> None:
        """Wait, in the main process, until the others have called ``tell_main_ready``."""
        if self.processes > 1 and self.rank == 0:
            assert self._connection
            with self._collective():
                self._connection.wait_for_others()

    def tell_main_ready(self) -> None:
        """Let the main process go on, without waiting for it."""
        if self.processes > 1 and self.rank > 0:
            assert self._connection
            with self._collective():
                self._connection.tell_ready()

    def any(self, flag: bool) -> bool:
        """Whether the flag is true in any process; the same result in all."""
        if self.processes == 1:
            return flag
        return bool(self.mean(torch.tensor(float(flag), device=self.device)) > 0)

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a floating-point tensor over all processes."""
        return self._means([value])[0] if self.processes > 1 else value

    @torch.no_grad()
    def average_(self, tensors: Sequence[Tensor]) -> None:
        """Replace floating-point tensors by their means over all processes, in one all-reduce.

        Tensors that are the same in all processes, such as frozen weights, keep their values.
        """
        assert all(tensor.is_floating_point() for tensor in tensors)
        if self.processes > 1 and tensors:
            # In float32, the mean of three equal numbers may differ from them in the last bit.
            means = self._means([tensor.double() for tensor in tensors])
            for tensor, mean in zip(tensors, means, strict=True):
                tensor.copy_(mean)

    @torch.no_grad()
    def average_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Replace each gradient by its mean over all processes, in one all-reduce.

        A gradient that only some processes have is zero in the others. One that no process has
        stays ``None``, so that an optimizer skips the parameter as it does with one process.
        """
        if self.processes == 1 or not parameters:
            return
        exists = [parameter.grad is not None for parameter in parameters]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flags = torch.ones(len(parameters), dtype=gradients[0].dtype, device=self.device)
        if not all(exists):
            flags.copy_(torch.tensor(exists))
        *means, flags = self._means([*gradients, flags])
        if not all(exists):  # reading the flags waits for the device
            exists = (flags > 0).tolist()
        for parameter, gradient, mean, is_used in zip(
            parameters, gradients, means, exists, strict=True
        ):
            if is_used:
                gradient.copy_(mean)
                parameter.grad = gradient

    @torch.no_grad()
    def gather(self, tensor: Tensor) -> Tensor:
        """The tensors (N, ...) of all processes as one, in the order of their ranks; no gradient.

        The result is the same in every process; with one process, it is the tensor itself.
        """
        if self.processes == 1:
            return tensor.detach()
        parts = [tensor.new_empty(tensor.shape) for _ in range(self.processes)]
        with self._collective():
            distributed.all_gather(parts, tensor.detach().contiguous())
        return torch.cat(parts)

    def gather_objects(self, value: T) -> list[T]:
        """The values of all processes, of any size, in the main process; none in the others."""
        found: list[T] | None = [value] * self.processes if self.rank == 0 else None
        if self.processes > 1:
            with self._collective():
                distributed.gather_object(value, found)
        return found or []

    def gather_with_gradient(self, tensor: Tensor) -> Tensor:
        """As ``gather``, with a gradient to the rows of all processes, any number of times.

        A gradient is that of the sum over all processes of what each computes from the rows.
        """
        if self.processes == 1:
            return tensor
        parts = [torch.zeros_like(tensor) for _ in range(self.processes)]
        parts[self.rank] = tensor
        whole: Tensor = _Sum.apply(torch.cat(parts), self)
        return whole

    def require_same(self, digests: Mapping[str, str]) -> None:
        """Raise ProcessesDiffer, in every process, if they have different digests of a name."""
        if self.processes == 1:
            return
        found: list[dict[str, str]] = [{}] * self.processes
        with self._collective():
            distributed.all_gather_object(found, dict(digests))
        names = dict.fromkeys(name for each in found for name in each)
        differing = {
            name: [rank for rank, each in enumerate(found) if each.get(name) != found[0].get(name)]
            for name in names
        }
        listed = [
            f"{name} (rank {', '.join(map(str, ranks))})"
            for name, ranks in differing.items()
            if ranks
        ]
        if listed:
            raise ProcessesDiffer(f"these differ from those of rank 0: {'; '.join(listed)}")

    def barrier(self) -> None:
        """Wait until all processes reach this call, for ``train.timeout`` at most."""
        self.any(False)

    def sum_without_gradient(self, tensor: Tensor) -> Tensor:
        """The sum over all processes."""
        total = tensor.detach().clone(memory_format=torch.contiguous_format)
        with self._collective():
            distributed.all_reduce(total)
        return total

    def _means(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """The means of tensors over all processes, in one all-reduce."""
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        with self._collective():
            distributed.all_reduce(flat)
        parts = flat.div_(self.processes).split([tensor.numel() for tensor in tensors])
        return [part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]

    @contextmanager
    def _collective(self) -> Iterator[None]:
        """A context for a collective, which fails if another process has ended."""
        try:
            yield
        except RuntimeError as error:
            self._on_lost_process(error)

    @abstractmethod
    def _on_lost_process(self, error: RuntimeError) -> NoReturn:
        """End this process because another one no longer takes part."""


class _Sum(Function):
    """The sum over all processes. The derivative of the sum of all results is such a sum, too."""

    @staticmethod
    def forward(context: Any, tensor: Tensor, collectives: Collectives) -> Tensor:
        context.collectives = collectives
        return collectives.sum_without_gradient(tensor)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _Sum.apply(gradient, context.collectives), None
