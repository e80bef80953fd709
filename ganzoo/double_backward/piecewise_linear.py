"""Piecewise linear layers in a gradient that is differentiated again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, leaky_relu, relu
from torch.nn.functional import pad as torch_pad

_Map = Callable[[Tensor], Tensor]


class _Linear(Function):
    """A linear map of values. Its derivative is its transpose, whose derivative is the map."""

    @staticmethod
    def forward(context: Any, values: Tensor, linear: _Map, transposed: _Map) -> Tensor:
        context.set_materialize_grads(False)  # no gradient is None, instead of zeros
        context.linear, context.transposed = linear, transposed
        return linear(values)

    @staticmethod
    def backward(context: Any, gradient: Tensor | None) -> tuple[Tensor | None, None, None]:
        if gradient is None:
            return None, None, None
        return _Linear.apply(gradient, context.transposed, context.linear), None, None


def _leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    if inplace:  # the network may use its changed input
        return leaky_relu(input, negative_slope, inplace)
    x = input.detach()

    def scale(values: Tensor) -> Tensor:
        """Values times 1 where x > 0, and times the slope elsewhere."""
        scaled: Tensor = torch.ops.aten.leaky_relu_backward(values, x, negative_slope, False)
        return scaled

    result: Tensor = _Linear.apply(input, scale, scale)
    return result


def _relu(input: Tensor, inplace: bool = False) -> Tensor:
    return relu(input, inplace) if inplace else _leaky_relu(input, 0.0)


def _as_linear(function: Callable[..., Tensor], input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    x = input.detach()

    def linear(values: Tensor) -> Tensor:
        return function(values, *args, **kwargs)

    def transposed(gradient: Tensor) -> Tensor:
        with torch.enable_grad():
            inputs = x.detach().requires_grad_()
            return torch.autograd.grad(linear(inputs), inputs, gradient)[0]

    result: Tensor = _Linear.apply(input, linear, transposed)
    return result


def _pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: Any = None) -> Tensor:
    if mode == "constant":  # torch passes no zeros back, and it is not linear
        return torch_pad(input, pad, mode, value)
    return _as_linear(torch_pad, input, pad, mode)


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    leaky_relu: _leaky_relu,
    relu: _relu,
    torch.relu: _relu,
    Tensor.relu: _relu,
    avg_pool2d: partial(_as_linear, avg_pool2d),
    adaptive_avg_pool2d: partial(_as_linear, adaptive_avg_pool2d),
    torch_pad: _pad,
}
"""Functions of torch, and what computes the same without second derivatives."""
