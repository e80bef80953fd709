from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import ganzoo_wgan_div
from ganzoo import Options
from ganzoo_regularizers import DivergencePenaltyOptions
from ganzoo_regularizers.penalties import DivergencePenalty
from ganzoo_wgan_div.losses import WganDiv
from tests.plugins.steps import GivenStep, scores


def penalty(real: Tensor, fake: Tensor, **options: float) -> Tensor:
    """The penalty for D(x) = ||x||^2 / 2, whose gradient is x."""
    critic = lambda images: images.square().sum((1, 2, 3)) / 2  # noqa: E731
    step: Any = GivenStep(critic, real, fake)
    found = DivergencePenalty(DivergencePenaltyOptions(**options)).terms(step)
    return found["divergence_penalty"]


def test_terms_equal_those_of_the_paper() -> None:
    given = scores(real=torch.tensor([1.0, 2.0]), fake=torch.tensor([0.5, -0.5]))
    loss = WganDiv(Options())
    assert loss.discriminator(given)["wasserstein"].item() == pytest.approx(0 - 1.5)
    assert loss.generator(given)["adversarial"].item() == pytest.approx(0)
    given = scores(fake=torch.tensor([-3.0, 2.0]))
    assert loss.generator(given)["adversarial"].item() == pytest.approx(0.5)


@pytest.mark.parametrize(("k", "p"), [(2.0, 6.0), (3.0, 2.0), (1.0, 3.5)])
def test_the_penalty_is_k_times_the_p_th_power_of_the_norm(k: float, p: float) -> None:
    x = torch.randn(5, 3, 2, 2)
    norm = torch.linalg.vector_norm(x, dim=(1, 2, 3))
    torch.testing.assert_close(penalty(x, x, k=k, p=p), k * norm.pow(p).mean())


def test_the_default_is_k_2_and_p_6() -> None:
    x = torch.ones(1, 1, 1, 1)
    assert penalty(2 * x, 2 * x).item() == pytest.approx(2 * 2**6)


def test_the_gradient_is_taken_between_real_and_generated_images() -> None:
    torch.manual_seed(0)
    real, fake = torch.full((400, 1, 1, 1), 2.0), torch.full((400, 1, 1, 1), 1.0)
    # E[u^2] for u from U[1, 2] is 7/3.
    assert penalty(real, fake, k=1, p=2).item() == pytest.approx(7 / 3, rel=0.05)


def test_the_derivative_is_finite_where_the_gradient_is_zero() -> None:
    real = torch.zeros(2, 1, 2, 2)
    weight = torch.tensor(0.0, requires_grad=True)
    step: Any = GivenStep(lambda images: weight * images.sum((1, 2, 3)), real, real)
    term = DivergencePenalty(DivergencePenaltyOptions()).terms(step)["divergence_penalty"]
    (gradient,) = torch.autograd.grad(term, weight)
    assert gradient.isfinite()


def test_the_loss_requires_independent_scores_and_recommends_the_penalty() -> None:
    (spec,) = ganzoo_wgan_div.ganzoo_losses()
    assert WganDiv(Options()).independent_scores
    assert spec.recommends["regularize.divergence-penalty"] == {}
