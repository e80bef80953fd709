from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Fake
from ganzoo_regularizers import PathLengthOptions
from ganzoo_regularizers.path_length import PathLength
from tests.plugins.steps import GivenStep

LAYERS, DIM, SHAPE = 3, 2, (1, 4, 6)


def synthesis() -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Flatten(), nn.Linear(LAYERS * DIM, 24), nn.Tanh(), nn.Unflatten(1, SHAPE)
    )
    return layers.double()


def lengths(network: nn.Module, w: Tensor, shrink: int = 1) -> Tensor:
    """The path lengths, with y from seed 7."""
    images = network(w)
    step: Any = GivenStep(lambda x: x, images, images)
    torch.manual_seed(7)
    return PathLength(PathLengthOptions(shrink=shrink)).lengths(step, Fake(images, w, None, w))


def test_the_length_is_that_of_a_numerical_jacobian() -> None:
    network = synthesis()
    w = torch.randn(4, LAYERS, DIM, dtype=torch.float64).requires_grad_()
    found = lengths(network, w)
    torch.manual_seed(7)
    y = torch.randn(4, *SHAPE, dtype=torch.float64) / sqrt(4 * 6)
    h, product = 1e-6, torch.zeros(4, LAYERS, DIM, dtype=torch.float64)
    for layer in range(LAYERS):
        for k in range(DIM):
            moved = torch.zeros_like(w)
            moved[:, layer, k] = h
            change = (network(w + moved) - network(w - moved)) / (2 * h)
            product[:, layer, k] = (change * y).sum((1, 2, 3))
    expected = product.square().sum(2).mean(1).sqrt()
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)


def test_the_regularization_is_differentiable_in_the_generators_parameters() -> None:
    network = synthesis()
    w = torch.randn(2, LAYERS, DIM, dtype=torch.float64).requires_grad_()

    def value(weight: Tensor) -> Tensor:
        parameters = {"1.weight": weight}
        return lengths(lambda x: torch.func.functional_call(network, parameters, x), w)  # type: ignore[arg-type]

    weight = network.get_parameter("1.weight").detach().requires_grad_()
    assert torch.autograd.gradcheck(value, weight)


def test_a_gradient_of_zero_has_length_0_and_a_finite_derivative() -> None:
    network = synthesis()
    nn.init.zeros_(network.get_parameter("1.weight"))
    w = torch.randn(2, LAYERS, DIM, dtype=torch.float64).requires_grad_()
    found = lengths(network, w)
    assert torch.equal(found, torch.zeros_like(found))
    found.square().sum().backward()
    gradient = network.get_parameter("1.weight").grad
    assert gradient is not None
    assert gradient.isfinite().all()


class OneLength(PathLength):
    """Path lengths are given."""

    def lengths(self, step: Any, fake: Fake) -> Tensor:
        return fake.images


def test_the_moving_mean_is_updated_first_and_saved() -> None:
    regularizer = OneLength(PathLengthOptions(weight=3, decay=0.9, shrink=1))
    step: Any = GivenStep(lambda x: x, torch.zeros(2), torch.zeros(2))
    step.latents = lambda: torch.tensor([1.0, 3.0])
    step.generate = lambda latents, condition: Fake(latents, latents, condition, None)
    step.mean, step.report = torch.mean, lambda name, value: None
    (term,) = regularizer.terms(step).values()
    mean = 0.1 * 2
    assert regularizer.mean.item() == pytest.approx(mean)
    assert term.item() == pytest.approx(3 * ((1 - mean) ** 2 + (3 - mean) ** 2) / 2)
    assert list(regularizer.state_dict()) == ["mean"]


def test_a_batch_is_shrunk_with_its_conditions() -> None:
    regularizer = OneLength(PathLengthOptions(shrink=2))
    step: Any = GivenStep(lambda x: x, torch.zeros(4), torch.zeros(4))
    step.real.condition = torch.tensor([0, 1, 2, 3])
    step.mean, step.report = torch.mean, lambda name, value: None
    step.latents = lambda: torch.arange(4.0)
    asked: list[Tensor] = []

    def generate(latents: Tensor, condition: Tensor) -> Fake:
        asked.extend((latents, condition))
        return Fake(latents, latents, condition, None)

    step.generate = generate
    regularizer.terms(step)
    assert [each.tolist() for each in asked] == [[0, 2], [0, 2]]


def test_without_intermediate_latents_the_length_is_that_of_the_latents() -> None:
    network = synthesis()
    z = torch.randn(2, LAYERS, DIM, dtype=torch.float64).requires_grad_()
    images = network(z)
    step: Any = GivenStep(lambda x: x, images, images)
    torch.manual_seed(7)
    found = PathLength(PathLengthOptions(shrink=1)).lengths(step, Fake(images, z, None, None))
    torch.testing.assert_close(found, lengths(network, z) * sqrt(LAYERS))
