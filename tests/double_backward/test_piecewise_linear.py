"""Penalties with and without the second derivatives that are 0."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu, relu
from torch.utils.flop_counter import FlopCounterMode

from ganzoo import DoubleBackward
from ganzoo.training.memory import _LiveBytes

LINEAR = {
    "relu": nn.ReLU(),
    "leaky-relu": nn.LeakyReLU(0.2),
    "average-pooling": nn.AvgPool2d(2, 1),
    "adaptive-pooling": nn.AdaptiveAvgPool2d(6),
    "reflection": nn.ReflectionPad2d(1),
    "replication": nn.ReplicationPad2d(1),
}
OTHERS = {
    "relu-inplace": nn.ReLU(inplace=True),
    "leaky-relu-inplace": nn.LeakyReLU(0.2, inplace=True),
    "zeros": nn.ZeroPad2d(1),
    "constant": nn.ConstantPad2d(1, 0.5),
    "max-pooling": nn.MaxPool2d(2),
    "softplus": nn.Softplus(),
    "norm": nn.GroupNorm(1, 4),
}
LAYERS = LINEAR | OTHERS


def critic(*layers: nn.Module) -> nn.Sequential:
    """Layers between two convolutions, in float64."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), *layers, nn.Conv2d(4, 4, 3)).double()


def penalty_gradients(
    network: nn.Sequential, *, curved: bool, double_backward: bool
) -> list[Tensor | None]:
    """The gradients of a gradient penalty, by the weights and biases of the first convolution."""
    images = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1)).double()
    images.requires_grad_()
    with DoubleBackward() if double_backward else nullcontext():
        scores = network(images)
        total = scores.square().sum() if curved else scores.sum()
    (gradient,) = torch.autograd.grad(total, images, create_graph=True)
    parameters = list(network[0].parameters())
    return list(torch.autograd.grad(gradient.square().sum(), parameters, allow_unused=True))


@pytest.mark.parametrize("curved", [False, True], ids=["linear-score", "squared-score"])
@pytest.mark.parametrize("name", LAYERS)
def test_gradients_of_a_penalty_are_those_of_torch(name: str, curved: bool) -> None:
    network = critic(LAYERS[name])
    expected = penalty_gradients(network, curved=curved, double_backward=False)
    found = penalty_gradients(network, curved=curved, double_backward=True)
    for parameter, ours, theirs in zip(network[0].parameters(), found, expected, strict=True):
        zeros = torch.zeros_like(parameter)
        torch.testing.assert_close(
            *(zeros if found is None else found for found in (ours, theirs)), rtol=1e-12, atol=1e-15
        )
    assert expected[0] is not None
    assert expected[0].abs().min() > 0


@pytest.mark.parametrize("name", LINEAR)
def test_zeros_are_not_passed_back(name: str) -> None:
    network = critic(LINEAR[name])
    _, biases = penalty_gradients(network, curved=False, double_backward=False)
    assert biases is not None
    assert not biases.any()
    _, biases = penalty_gradients(network, curved=False, double_backward=True)
    assert biases is None


def test_it_saves_a_third_of_the_operations() -> None:
    weights = [torch.randn(4, 4, 3, 3, requires_grad=True) for _ in range(20)]
    counts = []
    for mode in (nullcontext(), DoubleBackward()):
        images = torch.randn(2, 4, 8, 8, requires_grad=True)
        with FlopCounterMode(display=False) as counter:
            x: Tensor = images
            with mode:
                for weight in weights:
                    x = leaky_relu(conv2d(x, weight, padding=1), 0.2)
            (gradient,) = torch.autograd.grad(x.sum(), images, create_graph=True)
            gradient.square().sum().backward(inputs=weights)
        counts.append(counter.get_total_flops())
    assert counts[1] / counts[0] == pytest.approx(2 / 3, abs=0.02)


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.LeakyReLU(0.2)], ids=["relu", "leaky-relu"])
def test_a_penalty_needs_no_more_memory_than_with_torch(activation: nn.Module) -> None:
    layers = [layer for _ in range(6) for layer in (nn.Conv2d(8, 8, 3), activation)]
    network = nn.Sequential(*layers)
    largest = []
    for mode in (nullcontext(), DoubleBackward()):
        images = torch.randn(4, 8, 32, 32, requires_grad=True)
        with _LiveBytes() as live:
            with mode:
                total = network(images).sum()
            (gradient,) = torch.autograd.grad(total, images, create_graph=True)
            gradient.square().sum().backward(inputs=list(network.parameters()))
        network.zero_grad()
        largest.append(max(live.history))
    assert largest[1] <= 1.02 * largest[0]


def test_the_input_of_a_relu_may_be_changed_in_place() -> None:
    gradients = []
    for mode in (nullcontext(), DoubleBackward()):
        x = torch.linspace(-1, 1, 5, requires_grad=True)
        with mode:
            features = x * 2
            activated = relu(features)
            features.neg_()
        gradients.append(torch.autograd.grad(activated.sum(), x)[0])
    assert torch.equal(*gradients)


def test_a_changed_input_of_a_leaky_relu_is_an_error() -> None:
    x = torch.linspace(-1, 1, 5, requires_grad=True)
    with DoubleBackward():
        features = x * 2
        activated = leaky_relu(features, 0.2)
        features.neg_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        activated.sum().backward()


def test_infinite_numbers_are_those_of_torch() -> None:
    x = torch.tensor([float("-inf"), float("inf"), float("nan")], requires_grad=True)
    with DoubleBackward():
        found = relu(x)
    torch.testing.assert_close(found, relu(x), equal_nan=True)
