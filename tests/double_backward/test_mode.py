"""What the mode ``DoubleBackward`` leaves to torch."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d
from torch.utils.checkpoint import checkpoint

from ganzoo import DoubleBackward


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.LeakyReLU(0.2), nn.AvgPool2d(2), nn.Tanh(), nn.Conv2d(4, 1, 3)
    ).double()


def images() -> Tensor:
    return torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1)).double()


@pytest.mark.parametrize("inside", [False, True])
def test_a_checkpoint_computes_its_layers_again_as_before(inside: bool) -> None:
    found = []
    for mode in (nullcontext(), DoubleBackward()):
        layers, x = network(), images().requires_grad_()
        with mode:
            total = layers[4](checkpoint(layers[:4], x, use_reentrant=False)).sum()
        with mode if inside else nullcontext():
            (gradient,) = torch.autograd.grad(total, x, create_graph=True)
            penalty = gradient.square().sum()
            penalty.backward(inputs=list(layers.parameters()))
        found.append([p.grad for p in layers.parameters()])
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.filterwarnings("ignore:.torch.jit.script:FutureWarning")  # torch's jvp uses it
def test_transforms_of_torch_func_are_possible() -> None:
    layers, x = network(), images()
    with DoubleBackward():
        found = torch.func.vmap(torch.func.grad(lambda image: layers(image[None]).sum()))(x)
        along = torch.func.jvp(lambda x: layers(x).sum(), (x,), (x,))[1]
    inputs = x.requires_grad_()
    (expected,) = torch.autograd.grad(layers(inputs).sum(), inputs)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(along, (expected * x).sum())


def test_complex_numbers_are_left_to_torch() -> None:
    x = torch.randn(1, 2, 5, 5, dtype=torch.complex64, requires_grad=True)
    w = torch.randn(3, 2, 3, 3, dtype=torch.complex64)
    gradients = []
    for mode in (nullcontext(), DoubleBackward()):
        with mode:
            y = conv2d(x, w)
        gradients.append(torch.autograd.grad(y.abs().square().sum(), x)[0])
    assert torch.equal(*gradients)
