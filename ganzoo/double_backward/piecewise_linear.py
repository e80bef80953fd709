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

_Map = Callable[[Tensor, Tensor], Tensor]


class _Linear(Function):
    """A map of values that is linear where x is constant, ``linear(values, x)``.

    Its derivative is the transposed map, whose derivative is the map.
    """

    @staticmethod
    def forward(context: Any, values: Tensor, x: Tensor, linear: _Map, transposed: _Map) -> Tensor:
        context.set_materialize_grads(False)  # no gradient is None, instead of zeros
        context.save_for_backward(x)
        context.linear, context.transposed = linear, transposed
        return linear(values, x)

    @staticmethod
    def backward(context: Any, gradient: Tensor | None) -> tuple[Tensor | None, None, None, None]:
        if gradient is None:
            return None, None, None, None
        (x,) = context.saved_tensors
        by_values = _Linear.apply(gradient, x, context.transposed, context.linear)
        return by_values, None, None, None


def _leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    if inplace:  # the network may use its changed input
        return leaky_relu(input, negative_slope, inplace)

    def scale(values: Tensor, x: Tensor) -> Tensor:
        """Values times 1 where x > 0, and times the slope elsewhere."""
        scaled: Tensor = torch.ops.aten.leaky_relu_backward(values, x, negative_slope, False)
        return scaled

    result: Tensor = _Linear.apply(input, input.detach(), scale, scale)
    return result


class _Relu(Function):
    """ReLU, which keeps only its result, as torch does: the next layer keeps it anyway."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        context.set_materialize_grads(False)
        result = relu(x)
        context.save_for_backward(result)
        return result

    @staticmethod
    def backward(context: Any, gradient: Tensor | None) -> Tensor | None:
        if gradient is None:
            return None
        (result,) = context.saved_tensors
        by_x: Tensor = _Linear.apply(gradient, result.detach(), _where_positive, _where_positive)
        return by_x


def _where_positive(values: Tensor, result: Tensor) -> Tensor:
    """Values where the result of ReLU is positive, and 0 elsewhere."""
    kept: Tensor = torch.ops.aten.threshold_backward(values, result, 0)
    return kept


def _relu(input: Tensor, inplace: bool = False) -> Tensor:
    if inplace:
        return relu(input, inplace)
    result: Tensor = _Relu.apply(input)
    return result


def _as_linear(function: Callable[..., Tensor], input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    def linear(values: Tensor, x: Tensor) -> Tensor:
        return function(values, *args, **kwargs)

    def transposed(gradient: Tensor, x: Tensor) -> Tensor:
        with torch.enable_grad():
            inputs = x.detach().requires_grad_()
            return torch.autograd.grad(function(inputs, *args, **kwargs), inputs, gradient)[0]

    result: Tensor = _Linear.apply(input, input.detach(), linear, transposed)
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
