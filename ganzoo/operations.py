"""Counts the floating point operations and the memory traffic of torch's operators."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from ganzoo.device_time import now


class Call(NamedTuple):
    """One call of an operator."""

    operator: str
    """Its name, such as ``aten.convolution``."""
    operations: float
    """Floating point operations of a matrix product or a convolution; 0 of others."""
    bytes: float
    """The size of the tensors that it reads and writes; 0 of views."""
    seconds: float


class OperationCounter(TorchDispatchMode):
    """A context that counts the calls of operators, forward and backward, on a device.

    torch's FlopCounterMode fails where a module without gradient gets a parameter as its input.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[Call] = []
        self._device = device

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the operator, and count it."""
        kwargs = kwargs or {}
        start = now(self._device)
        result = func(*args, **kwargs)
        seconds = now(self._device) - start
        count = flop_registry.get(func.overloadpacket)
        operations = float(count(*args, **kwargs, out_val=result)) if count else 0.0
        size = 0 if func.is_view else _bytes((args, kwargs, result))
        self.calls.append(Call(str(func.overloadpacket), operations, size, seconds))
        return result

    @property
    def operations(self) -> float:
        """The floating point operations of all calls."""
        return sum(call.operations for call in self.calls)


def _bytes(tree: Any) -> int:
    """The size of all tensors in nested containers; those that occur several times count once."""
    tensors = {id(leaf): leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)}
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


@dataclass
class OperatorCost:
    """All calls of one operator in a step."""

    operator: str
    calls: float = 0
    operations: float = 0
    bytes: float = 0
    seconds: float = 0


def by_operator(calls: Iterable[Call], steps: int) -> list[OperatorCost]:
    """The cost of each operator in one of ``steps`` steps, the slowest first."""
    costs: dict[str, OperatorCost] = {}
    for call in calls:
        cost = costs.setdefault(call.operator, OperatorCost(call.operator))
        cost.calls += 1 / steps
        cost.operations += call.operations / steps
        cost.bytes += call.bytes / steps
        cost.seconds += call.seconds / steps
    return sorted(costs.values(), key=lambda cost: -cost.seconds)
