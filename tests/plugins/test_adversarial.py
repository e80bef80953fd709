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
    """Images of one pixel, which is their score to the critic below."""
    return torch.tensor(scores, dtype=torch.float32).reshape(-1, 1, 1, 1)


def critic(images: Tensor) -> Tensor:
    return images.flatten(1).sum(1)


def loss(name: str) -> Loss:
    spec = LOSSES[name]
    objective: Loss = spec.build(spec.options())
    return objective


@pytest.mark.parametrize("objective", [Minimax(Options()), NonSaturating(Options())])
def test_discriminator_maximizes_the_two_log_likelihoods(objective: Loss) -> None:
    terms = objective.discriminator(critic, images(0, QUARTERS), images(0, QUARTERS))
    # D(x) = 1/2, 3/4 and 1 - D(G(z)) = 1/2, 1/4.
    assert terms["real"].item() == pytest.approx(-(log(1 / 2) + log(3 / 4)) / 2)
    assert terms["fake"].item() == pytest.approx(-(log(1 / 2) + log(1 / 4)) / 2)


def test_minimax_generator_minimizes_the_chance_of_being_found_out() -> None:
    terms = Minimax(Options()).generator(critic, images(0, QUARTERS), images(0, 0))
    assert terms["adversarial"].item() == pytest.approx((log(1 / 2) + log(1 / 4)) / 2)


def test_non_saturating_generator_maximizes_the_chance_of_passing() -> None:
    terms = NonSaturating(Options()).generator(critic, images(0, QUARTERS), images(0, 0))
    assert terms["adversarial"].item() == pytest.approx(-(log(1 / 2) + log(3 / 4)) / 2)


def test_least_squares_measures_from_a_b_and_c() -> None:
    objective = LeastSquares(LeastSquaresOptions(a=-1, b=2, c=0.5))
    terms = objective.discriminator(critic, images(0, 1), images(0, 1))
    assert terms["real"].item() == pytest.approx(((0 - 2) ** 2 + (1 - 2) ** 2) / 2 / 2)
    assert terms["fake"].item() == pytest.approx(((0 + 1) ** 2 + (1 + 1) ** 2) / 2 / 2)
    terms = objective.generator(critic, images(0, 3), images(0, 0))
    assert terms["adversarial"].item() == pytest.approx(((0 - 0.5) ** 2 + (3 - 0.5) ** 2) / 2 / 2)


def test_hinge_asks_nothing_more_beyond_the_margin() -> None:
    objective = Hinge(Options())
    terms = objective.discriminator(critic, images(-1, 0.5, 3), images(-3, -0.5, 1))
    assert terms["real"].item() == pytest.approx((2 + 0.5 + 0) / 3)
    assert terms["fake"].item() == pytest.approx((0 + 0.5 + 2) / 3)
    terms = objective.generator(critic, images(-3, 1), images(0, 0))
    assert terms["adversarial"].item() == pytest.approx(-(-3 + 1) / 2)


@pytest.mark.parametrize("name", LOSSES)
def test_discriminator_pulls_real_scores_up_and_fake_scores_down(name: str) -> None:
    real, fake = images(0, 0.5).requires_grad_(), images(0.5, 0.25).requires_grad_()
    sum(loss(name).discriminator(critic, real, fake).values(), torch.zeros(())).backward()
    assert real.grad is not None
    assert fake.grad is not None
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_generator_pulls_its_scores_up(name: str) -> None:
    fake = images(-0.5, 0, 0.5).requires_grad_()
    sum(loss(name).generator(critic, fake, images(0, 0, 0)).values(), torch.zeros(())).backward()
    assert fake.grad is not None
    assert (fake.grad < 0).all()


def test_minimax_generator_learns_little_where_it_loses_and_non_saturating_most() -> None:
    def slope(objective: Loss) -> float:
        fake = images(-10).requires_grad_()
        objective.generator(critic, fake, fake)["adversarial"].backward()
        assert fake.grad is not None
        return abs(fake.grad.item())

    assert slope(Minimax(Options())) < 1e-4
    assert slope(NonSaturating(Options())) > 0.99


@pytest.mark.parametrize("objective", [Minimax(Options()), NonSaturating(Options())])
@pytest.mark.parametrize(("score", "real_term", "fake_term"), [(100.0, 0, 100), (-100.0, 100, 0)])
def test_logarithms_follow_their_asymptotes_at_large_scores(
    objective: Loss, score: float, real_term: float, fake_term: float
) -> None:
    real, fake = images(score).requires_grad_(), images(score).requires_grad_()
    terms = objective.discriminator(critic, real, fake)
    assert terms["real"].item() == pytest.approx(real_term, abs=1e-6)
    assert terms["fake"].item() == pytest.approx(fake_term, abs=1e-6)
    (
        terms["real"] + terms["fake"] + objective.generator(critic, fake, real)["adversarial"]
    ).backward()
    assert real.grad is not None
    assert fake.grad is not None
    assert real.grad.isfinite().all()
    assert fake.grad.isfinite().all()


@pytest.mark.parametrize(
    ("score", "minimax", "non_saturating"), [(100.0, -100, 0), (-100.0, 0, 100)]
)
def test_generators_follow_their_asymptotes_at_large_scores(
    score: float, minimax: float, non_saturating: float
) -> None:
    fake = images(score)
    terms = Minimax(Options()).generator(critic, fake, fake)
    assert terms["adversarial"].item() == pytest.approx(minimax, abs=1e-6)
    terms = NonSaturating(Options()).generator(critic, fake, fake)
    assert terms["adversarial"].item() == pytest.approx(non_saturating, abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_batch_norm_is_welcome(name: str) -> None:
    assert not loss(name).independent_scores
