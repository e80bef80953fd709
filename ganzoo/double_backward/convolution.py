"""Convolutions in a gradient that is differentiated again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import conv2d, conv_transpose2d

_Pair = tuple[int, int]


@dataclass(frozen=True)
class _Kind:
    """The arguments of a convolution but its tensors."""

    stride: _Pair
    padding: _Pair
    dilation: _Pair
    transposed: bool
    output_padding: _Pair
    groups: int

    def arguments(self) -> tuple[Any, ...]:
        """In the order of torch's operators."""
        return (
            *(self.stride, self.padding, self.dilation),
            *(self.transposed, self.output_padding, self.groups),
        )

    def transpose(self, inputs: torch.Size, outputs: torch.Size, weight: torch.Size) -> _Kind:
        """The transposed map, from tensors like the outputs to tensors like the inputs."""
        if self.transposed:
            return replace(self, transposed=False, output_padding=(0, 0))
        rest = (
            inputs[2 + side]
            - (outputs[2 + side] - 1) * self.stride[side]
            + 2 * self.padding[side]
            - self.dilation[side] * (weight[2 + side] - 1)
            - 1
            for side in (0, 1)
        )
        return replace(self, transposed=True, output_padding=(next(rest), next(rest)))


def _convolve(x: Tensor, w: Tensor, bias: Tensor | None, kind: _Kind) -> Tensor:
    """The convolution y = w * x + bias. Its gradient by x is a transposed convolution."""
    with torch.no_grad():
        y: Tensor = torch.ops.aten.convolution(x, w, bias, *kind.arguments())
    transpose = kind.transpose(x.shape, y.shape, w.shape)
    inputs: list[_Input] = [
        (x, (w,), lambda gradient, w: _convolve(gradient, w, None, transpose)),
        (w, (x, w.detach()), lambda gradient, x, w: _weight_gradient(x, gradient, w, kind)),
    ]
    if bias is not None:
        inputs.append((bias, (), lambda gradient: gradient.sum((0, 2, 3))))
    return _with_gradients(y, inputs)


def _weight_gradient(x: Tensor, gradient: Tensor, w: Tensor, kind: _Kind) -> Tensor:
    """The gradient of y = w * x by w. It is linear in x and in the gradient of y."""
    with torch.no_grad():
        by_w: Tensor = torch.ops.aten.convolution_backward(
            gradient, x, w, None, *kind.arguments(), (False, True, False)
        )[1]
    transpose = kind.transpose(x.shape, gradient.shape, w.shape)
    inputs: list[_Input] = [
        (x, (gradient,), lambda v, gradient: _convolve(gradient, v, None, transpose)),
        (gradient, (x,), lambda v, x: _convolve(x, v, None, kind)),
    ]
    return _with_gradients(by_w, inputs)


_Input = tuple[Tensor, tuple[Tensor, ...], Callable[..., Tensor]]
"""A tensor, others, and its gradient as a function of that of the result and of the others."""


def _with_gradients(result: Tensor, inputs: Sequence[_Input]) -> Tensor:
    """The result with the gradients of its inputs, each computed only where it is needed.

    torch computes all gradients of a ``Function`` together, also those that nobody has asked for.
    So each input has one of its own.
    """
    gradients = [_Gradient.apply(*input, result) for input in inputs if input[0].requires_grad]
    joined: Tensor = _Result.apply([result], *gradients)
    return joined


class _Gradient(Function):
    """Passes the gradient of a result on to one of its inputs."""

    @staticmethod
    def forward(
        context: Any,
        input: Tensor,
        others: tuple[Tensor, ...],
        derivative: Callable[..., Tensor],
        result: Tensor,
    ) -> Tensor:
        context.set_materialize_grads(False)  # no gradient is None, instead of zeros
        context.save_for_backward(*others)
        context.derivative = derivative
        return result.new_zeros(()).expand(result.shape)

    @staticmethod
    def backward(context: Any, gradient: Tensor | None) -> tuple[Tensor | None, None, None, None]:
        if gradient is None:
            return None, None, None, None
        return context.derivative(gradient, *context.saved_tensors), None, None, None


class _Result(Function):
    """A result whose gradient is passed to its inputs."""

    @staticmethod
    def forward(context: Any, result: list[Tensor], *gradients: Tensor) -> Tensor:
        context.set_materialize_grads(False)
        return result[0]

    @staticmethod
    def backward(context: Any, gradient: Tensor | None) -> tuple[Tensor | None, ...]:
        return None, *(gradient for _ in context.needs_input_grad[1:])


def _conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    if isinstance(padding, str) or not _replaceable(input):
        return conv2d(input, weight, bias, stride, padding, dilation, groups)
    kind = _Kind(_pair(stride), _pair(padding), _pair(dilation), False, (0, 0), groups)
    return _convolve(input, weight, bias, kind)


def _conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Tensor:
    if not _replaceable(input):
        rest = (stride, padding, output_padding, groups, dilation)
        return conv_transpose2d(input, weight, bias, *rest)
    pairs = (_pair(stride), _pair(padding), _pair(dilation))
    kind = _Kind(*pairs, True, _pair(output_padding), groups)
    return _convolve(input, weight, bias, kind)


def _replaceable(x: Tensor) -> bool:
    """Whether x is a batch of real numbers, whose precision torch does not change."""
    return x.dim() == 4 and not x.is_complex() and not torch.is_autocast_enabled(x.device.type)


def _pair(value: int | Sequence[int]) -> _Pair:
    if isinstance(value, Sequence):
        return (value[0], value[-1])
    return (value, value)


FUNCTIONS: dict[Callable[..., Any], Callable[..., Tensor]] = {
    conv2d: _conv2d,
    conv_transpose2d: _conv_transpose2d,
}
"""Functions of torch, and what computes the same and is differentiated faster."""
