"""Convolutions and their derivatives in the mode ``DoubleBackward``, against those of torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.functional import conv2d, conv_transpose2d
from torch.utils._python_dispatch import TorchDispatchMode

from ganzoo import DoubleBackward

Convolve = Callable[[Tensor, Tensor, Tensor | None], Tensor]

DOWN: dict[str, dict[str, Any]] = {
    "plain": {},
    "stride": {"stride": 2, "padding": 1},
    "remainder": {"stride": 3, "padding": (1, 0)},  # the last rows of pixels do not count
    "dilation": {"dilation": (1, 2), "padding": (0, 2)},
    "groups": {"groups": 2, "padding": 1},
    "same": {"padding": "same"},
}
UP: dict[str, dict[str, Any]] = {
    "plain": {},
    "stride": {"stride": 2, "padding": 1},
    "output-padding": {"stride": (2, 3), "padding": 1, "output_padding": (1, 2)},
    "dilation": {"dilation": 2},
    "groups": {"groups": 2, "stride": 2},
}
CASES = [(conv2d, how) for how in DOWN.values()] + [(conv_transpose2d, how) for how in UP.values()]
IDS = [f"conv-{name}" for name in DOWN] + [f"transposed-{name}" for name in UP]


class Convolutions(TorchDispatchMode):
    """Counts the operators of convolutions, and keeps the sizes of their kernels."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: Counter[str] = Counter()
        self.kernels: set[tuple[int, ...]] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """The result of an operator."""
        if func is torch.ops.aten.convolution.default:
            self.calls["convolution"] += 1
            self.kernels.add(tuple(args[1].shape[2:]))
        if func is torch.ops.aten.convolution_backward.default:
            by_input, by_weight, _ = args[-1]
            self.calls["by input"] += by_input
            self.calls["by weight"] += by_weight
        return func(*args, **(kwargs or {}))


@contextmanager
def counted() -> Iterator[Convolutions]:
    with Convolutions() as convolutions:
        yield convolutions


def tensors(function: Convolve, groups: int) -> tuple[Tensor, Tensor, Tensor]:
    """Images, weights and a bias for a convolution from 4 to 6 channels."""
    torch.manual_seed(0)
    channels = (6, 4 // groups) if function is conv2d else (4, 6 // groups)
    shapes = (2, 4, 7, 6), (*channels, 3, 3), (6,)
    x, w, bias = (torch.randn(shape, dtype=torch.float64) for shape in shapes)
    return x, w, bias


def replaced(function: Any, how: dict[str, Any]) -> Convolve:
    """The convolution as the mode computes it."""

    def convolve(x: Tensor, w: Tensor, bias: Tensor | None) -> Tensor:
        with DoubleBackward():
            result: Tensor = function(x, w, bias, **how)
        return result

    return convolve


@pytest.mark.parametrize(("function", "how"), CASES, ids=IDS)
def test_the_result_is_that_of_torch(function: Any, how: dict[str, Any]) -> None:
    x, w, bias = tensors(function, how.get("groups", 1))
    for given in (bias, None):
        assert torch.equal(replaced(function, how)(x, w, given), function(x, w, given, **how))


@pytest.mark.parametrize(("function", "how"), CASES, ids=IDS)
def test_first_and_second_derivatives_are_right(function: Any, how: dict[str, Any]) -> None:
    inputs = [each.requires_grad_() for each in tensors(function, how.get("groups", 1))]
    assert gradcheck(replaced(function, how), inputs, fast_mode=True)
    assert gradgradcheck(replaced(function, how), inputs, fast_mode=True)


@pytest.mark.parametrize(
    ("function", "how"), [case for case in CASES if "output_padding" not in case[1]]
)  # with it, torch fails
def test_third_derivatives_are_those_of_torch(function: Any, how: dict[str, Any]) -> None:
    found = []
    for convolve in (replaced(function, how), lambda *given: function(*given, **how)):
        x, w, bias = (each.requires_grad_() for each in tensors(function, how.get("groups", 1)))
        value = convolve(x, w, bias).pow(4).sum()
        for _ in range(3):
            by_x, by_w = torch.autograd.grad(value, (x, w), create_graph=True)
            value = by_x.pow(2).sum() + by_w.pow(2).sum()
        found.append(value)
    torch.testing.assert_close(found[0], found[1], rtol=1e-9, atol=0)


def critic() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(3, 4, 4, 2, 1), nn.Tanh(), nn.Conv2d(4, 8, 4, 2, 1), nn.Tanh()),
        nn.Conv2d(8, 1, 4),
    )


def test_only_gradients_that_are_asked_for_are_computed() -> None:
    network, images = critic(), torch.randn(2, 3, 16, 16, requires_grad=True)
    with DoubleBackward():
        total = network(images).sum()
    with counted() as first:
        (gradient,) = torch.autograd.grad(total, images, create_graph=True)
    assert first.calls == {"convolution": 3}
    with counted() as second:
        gradient.square().sum().backward(inputs=list(network.parameters()))
    # Weights are in the gradient (3), and before a tanh, whose derivative is in the gradient (2).
    assert second.calls == {"by weight": 3 + 2, "by input": 0, "convolution": 2 + 1}


def test_no_kernel_is_as_large_as_the_feature_maps() -> None:
    kernels = []
    for replace in (False, True):
        network, images = critic(), torch.randn(2, 3, 32, 32, requires_grad=True)
        with DoubleBackward() if replace else counted():
            total = network(images).sum()
        (gradient,) = torch.autograd.grad(total, images, create_graph=True)
        with counted() as convolutions:
            gradient.square().sum().backward(inputs=list(network.parameters()))
        kernels.append(max(convolutions.kernels))
    assert kernels == [(16, 16), (4, 4)]


def test_gradients_by_the_parameters_are_added_to_those_of_other_passes() -> None:
    expected = []
    for replace in (False, True):
        network = critic().double()
        images = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1)).double()
        network(images).sum().backward()
        with DoubleBackward() if replace else counted():
            total = network(images.requires_grad_()).sum()
        (gradient,) = torch.autograd.grad(total, images, create_graph=True)
        (gradient.square().sum() + total).backward()
        expected.append([p.grad for p in network.parameters()])
    torch.testing.assert_close(expected[0], expected[1], rtol=1e-11, atol=1e-14)


def test_saved_tensors_are_freed_by_the_backward_pass() -> None:
    w = torch.randn(4, 3, 3, 3, requires_grad=True)
    with DoubleBackward():
        y = conv2d(torch.randn(1, 3, 8, 8), w)
    y.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.sum().backward()


def test_a_result_may_be_changed_in_place() -> None:
    x = torch.randn(1, 3, 8, 8, requires_grad=True)
    w = torch.randn(4, 3, 3, 3, requires_grad=True)
    with DoubleBackward():
        y = conv2d(x, w).mul_(2)
    (by_x,) = torch.autograd.grad(y.sum(), x)
    expected = torch.autograd.grad(2 * conv2d(x, w).sum(), x)[0]
    torch.testing.assert_close(by_x, expected)


def test_an_input_that_was_changed_in_place_is_an_error() -> None:
    x, w = torch.randn(1, 3, 8, 8), torch.randn(4, 3, 3, 3, requires_grad=True)
    with DoubleBackward():
        y = conv2d(x, w)
    x.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_torch_chooses_the_precision_under_autocast() -> None:
    x, w = torch.randn(1, 3, 8, 8), torch.randn(4, 3, 3, 3, requires_grad=True)
    with DoubleBackward(), torch.autocast("cpu", torch.bfloat16):
        y = conv2d(x, w)
    assert y.dtype == torch.bfloat16
    y.float().sum().backward()
    assert w.grad is not None
    assert w.grad.dtype == torch.float32


def test_one_image_without_a_batch_is_left_to_torch() -> None:
    x, w = torch.randn(3, 8, 8), torch.randn(4, 3, 3, 3)
    with DoubleBackward():
        assert torch.equal(conv2d(x, w), conv2d(x[None], w)[0])
