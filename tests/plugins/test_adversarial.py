from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor

import ganzoo_adversarial
from ganzoo import Loss, Options
from ganzoo_adversarial import LeastSquaresOptions
from ganzoo_adversarial.losses import Hinge, LeastSquares, Minimax, NonSaturating

LOSSES = {spec.name: spec for spec in ganzoo_adversarial.ganzoo_losses()}
QUARTERS = log(3)
"""The score whose sigmoid is 3/4; its negative's is 1/4."""


def images(*scores: float) -> Tensor:
    """Images of one pixel, whose value is the score of the critic below."""
    return torch.tensor(scores, dtype=torch.float32).reshape(-1, 1, 1, 1)


def critic(images: Tensor) -> Tensor:
    return images.flatten(1).sum(1)


def build(name: str) -> Loss:
    spec = LOSSES[name]
    loss: Loss = spec.build(spec.options())
    return loss


@pytest.mark.parametrize("loss", [Minimax(Options()), NonSaturating(Options())])
def test_discriminator_maximizes_log_d_of_real_and_log_1_minus_d_of_fake(loss: Loss) -> None:
    terms = loss.discriminator(critic, images(0, QUARTERS), images(0, QUARTERS))
    # D(x) = 1/2, 3/4 and 1 - D(G(z)) = 1/2, 1/4.
    assert terms["real"].item() == pytest.approx(-(log(1 / 2) + log(3 / 4)) / 2)
    assert terms["fake"].item() == pytest.approx(-(log(1 / 2) + log(1 / 4)) / 2)


def test_minimax_generator_minimizes_log_1_minus_d() -> None:
    terms = Minimax(Options()).generator(critic, images(0, QUARTERS), images(0, 0))
    assert terms["adversarial"].item() == pytest.approx((log(1 / 2) + log(1 / 4)) / 2)


def test_non_saturating_generator_maximizes_log_d() -> None:
    terms = NonSaturating(Options()).generator(critic, images(0, QUARTERS), images(0, 0))
    assert terms["adversarial"].item() == pytest.approx(-(log(1 / 2) + log(3 / 4)) / 2)


def test_least_squares_targets_are_a_b_and_c() -> None:
    loss = LeastSquares(LeastSquaresOptions(a=-1, b=2, c=0.5))
    terms = loss.discriminator(critic, images(0, 1), images(0, 1))
    assert terms["real"].item() == pytest.approx(((0 - 2) ** 2 + (1 - 2) ** 2) / 2 / 2)
    assert terms["fake"].item() == pytest.approx(((0 + 1) ** 2 + (1 + 1) ** 2) / 2 / 2)
    terms = loss.generator(critic, images(0, 3), images(0, 0))
    assert terms["adversarial"].item() == pytest.approx(((0 - 0.5) ** 2 + (3 - 0.5) ** 2) / 2 / 2)


def test_hinge_is_zero_beyond_the_margin() -> None:
    loss = Hinge(Options())
    terms = loss.discriminator(critic, images(-1, 0.5, 3), images(-3, -0.5, 1))
    assert terms["real"].item() == pytest.approx((2 + 0.5 + 0) / 3)
    assert terms["fake"].item() == pytest.approx((0 + 0.5 + 2) / 3)
    terms = loss.generator(critic, images(-3, 1), images(0, 0))
    assert terms["adversarial"].item() == pytest.approx(-(-3 + 1) / 2)


@pytest.mark.parametrize("name", LOSSES)
def test_discriminator_raises_real_scores_and_lowers_fake_scores(name: str) -> None:
    real, fake = images(0, 0.5).requires_grad_(), images(0.5, 0.25).requires_grad_()
    sum(build(name).discriminator(critic, real, fake).values(), torch.zeros(())).backward()
    assert real.grad is not None
    assert fake.grad is not None
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_generator_raises_its_scores(name: str) -> None:
    fake = images(-0.5, 0, 0.5).requires_grad_()
    sum(build(name).generator(critic, fake, images(0, 0, 0)).values(), torch.zeros(())).backward()
    assert fake.grad is not None
    assert (fake.grad < 0).all()


def test_generator_gradient_of_low_scores_vanishes_for_minimax_only() -> None:
    def slope(loss: Loss) -> float:
        fake = images(-10).requires_grad_()
        loss.generator(critic, fake, fake)["adversarial"].backward()
        assert fake.grad is not None
        return abs(fake.grad.item())

    assert slope(Minimax(Options())) < 1e-4
    assert slope(NonSaturating(Options())) > 0.99


@pytest.mark.parametrize("loss", [Minimax(Options()), NonSaturating(Options())])
@pytest.mark.parametrize(("score", "real_term", "fake_term"), [(100.0, 0, 100), (-100.0, 100, 0)])
def test_discriminator_terms_are_finite_at_large_scores(
    loss: Loss, score: float, real_term: float, fake_term: float
) -> None:
    real, fake = images(score).requires_grad_(), images(score).requires_grad_()
    terms = loss.discriminator(critic, real, fake)
    assert terms["real"].item() == pytest.approx(real_term, abs=1e-6)
    assert terms["fake"].item() == pytest.approx(fake_term, abs=1e-6)
    (terms["real"] + terms["fake"] + loss.generator(critic, fake, real)["adversarial"]).backward()
    assert real.grad is not None
    assert fake.grad is not None
    assert real.grad.isfinite().all()
    assert fake.grad.isfinite().all()


@pytest.mark.parametrize(
    ("score", "minimax", "non_saturating"), [(100.0, -100, 0), (-100.0, 0, 100)]
)
def test_generator_terms_are_finite_at_large_scores(
    score: float, minimax: float, non_saturating: float
) -> None:
    fake = images(score)
    terms = Minimax(Options()).generator(critic, fake, fake)
    assert terms["adversarial"].item() == pytest.approx(minimax, abs=1e-6)
    terms = NonSaturating(Options()).generator(critic, fake, fake)
    assert terms["adversarial"].item() == pytest.approx(non_saturating, abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_scores_need_not_be_independent(name: str) -> None:
    assert not build(name).independent_scores
