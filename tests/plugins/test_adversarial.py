from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor

import ganzoo_adversarial
from ganzoo import Loss, Options
from ganzoo_adversarial import LeastSquaresOptions
from ganzoo_adversarial.losses import Hinge, LeastSquares, Minimax, NonSaturating, Relativistic
from tests.plugins.steps import scores

LOSSES = {
    spec.name: spec
    for spec in ganzoo_adversarial.ganzoo_losses()
    if spec.name != "dual-contrastive"  # a method
}
QUARTERS = log(3)
"""The score whose sigmoid is 3/4; its negative's is 1/4."""


def values(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float32)


def build(name: str) -> Loss:
    spec = LOSSES[name]
    loss: Loss = spec.build(spec.options())
    return loss


@pytest.mark.parametrize("loss", [Minimax(Options()), NonSaturating(Options())])
def test_discriminator_maximizes_log_d_of_real_and_log_1_minus_d_of_fake(loss: Loss) -> None:
    terms = loss.discriminator(scores(real=values(0, QUARTERS), fake=values(0, QUARTERS)))
    # D(x) = 1/2, 3/4 and 1 - D(G(z)) = 1/2, 1/4.
    assert terms["real"].item() == pytest.approx(-(log(1 / 2) + log(3 / 4)) / 2)
    assert terms["fake"].item() == pytest.approx(-(log(1 / 2) + log(1 / 4)) / 2)


def test_minimax_generator_minimizes_log_1_minus_d() -> None:
    terms = Minimax(Options()).generator(scores(fake=values(0, QUARTERS)))
    assert terms["adversarial"].item() == pytest.approx((log(1 / 2) + log(1 / 4)) / 2)


def test_non_saturating_generator_maximizes_log_d() -> None:
    terms = NonSaturating(Options()).generator(scores(fake=values(0, QUARTERS)))
    assert terms["adversarial"].item() == pytest.approx(-(log(1 / 2) + log(3 / 4)) / 2)


def test_least_squares_targets_are_a_b_and_c() -> None:
    loss = LeastSquares(LeastSquaresOptions(a=-1, b=2, c=0.5))
    terms = loss.discriminator(scores(real=values(0, 1), fake=values(0, 1)))
    assert terms["real"].item() == pytest.approx(((0 - 2) ** 2 + (1 - 2) ** 2) / 2 / 2)
    assert terms["fake"].item() == pytest.approx(((0 + 1) ** 2 + (1 + 1) ** 2) / 2 / 2)
    terms = loss.generator(scores(fake=values(0, 3)))
    assert terms["adversarial"].item() == pytest.approx(((0 - 0.5) ** 2 + (3 - 0.5) ** 2) / 2 / 2)


def test_hinge_is_zero_beyond_the_margin() -> None:
    loss = Hinge(Options())
    terms = loss.discriminator(scores(real=values(-1, 0.5, 3), fake=values(-3, -0.5, 1)))
    assert terms["real"].item() == pytest.approx((2 + 0.5 + 0) / 3)
    assert terms["fake"].item() == pytest.approx((0 + 0.5 + 2) / 3)
    terms = loss.generator(scores(fake=values(-3, 1)))
    assert terms["adversarial"].item() == pytest.approx(-(-3 + 1) / 2)


def test_relativistic_compares_each_real_score_with_the_fake_score_of_its_pair() -> None:
    loss, given = (
        Relativistic(Options()),
        scores(real=values(0, QUARTERS), fake=values(QUARTERS, 0)),
    )
    # The sigmoid of a difference of QUARTERS is 3/4, of -QUARTERS it is 1/4.
    expected = -(log(1 / 4) + log(3 / 4)) / 2
    assert loss.discriminator(given)["relativistic"].item() == pytest.approx(expected)
    assert loss.generator(given)["relativistic"].item() == pytest.approx(expected)
    given = scores(real=values(QUARTERS), fake=values(0))
    assert loss.discriminator(given)["relativistic"].item() == pytest.approx(-log(3 / 4))
    assert loss.generator(given)["relativistic"].item() == pytest.approx(-log(1 / 4))


def test_relativistic_does_not_change_if_a_constant_is_added_to_all_scores() -> None:
    loss, real, fake = Relativistic(Options()), values(0, 1, -2), values(0.5, -3, 1)
    for terms in (loss.discriminator, loss.generator):
        moved = terms(scores(real=real + 7, fake=fake + 7))["relativistic"]
        torch.testing.assert_close(moved, terms(scores(real=real, fake=fake))["relativistic"])


@pytest.mark.parametrize("name", LOSSES)
def test_discriminator_raises_real_scores_and_lowers_fake_scores(name: str) -> None:
    real, fake = values(0, 0.5).requires_grad_(), values(0.5, 0.25).requires_grad_()
    sum(
        build(name).discriminator(scores(real=real, fake=fake)).values(), torch.zeros(())
    ).backward()
    assert real.grad is not None
    assert fake.grad is not None
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_generator_raises_its_scores(name: str) -> None:
    fake = values(-0.5, 0, 0.5).requires_grad_()
    given = scores(real=values(0, 0.25, 0.5), fake=fake)
    sum(build(name).generator(given).values(), torch.zeros(())).backward()
    assert fake.grad is not None
    assert (fake.grad < 0).all()


def test_generator_gradient_of_low_scores_vanishes_for_minimax_only() -> None:
    def slope(loss: Loss) -> float:
        fake = values(-10).requires_grad_()
        loss.generator(scores(fake=fake))["adversarial"].backward()
        assert fake.grad is not None
        return abs(fake.grad.item())

    assert slope(Minimax(Options())) < 1e-4
    assert slope(NonSaturating(Options())) > 0.99


@pytest.mark.parametrize("loss", [Minimax(Options()), NonSaturating(Options())])
@pytest.mark.parametrize(("score", "real_term", "fake_term"), [(100.0, 0, 100), (-100.0, 100, 0)])
def test_discriminator_terms_are_finite_at_large_scores(
    loss: Loss, score: float, real_term: float, fake_term: float
) -> None:
    real, fake = values(score).requires_grad_(), values(score).requires_grad_()
    terms = loss.discriminator(scores(real=real, fake=fake))
    assert terms["real"].item() == pytest.approx(real_term, abs=1e-6)
    assert terms["fake"].item() == pytest.approx(fake_term, abs=1e-6)
    (terms["real"] + terms["fake"] + loss.generator(scores(fake=fake))["adversarial"]).backward()
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
    fake = values(score)
    terms = Minimax(Options()).generator(scores(fake=fake))
    assert terms["adversarial"].item() == pytest.approx(minimax, abs=1e-6)
    terms = NonSaturating(Options()).generator(scores(fake=fake))
    assert terms["adversarial"].item() == pytest.approx(non_saturating, abs=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_scores_need_not_be_independent(name: str) -> None:
    assert not build(name).independent_scores
