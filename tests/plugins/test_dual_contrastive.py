from __future__ import annotations

from math import exp, log

import pytest
import torch
from torch import Tensor

import ganzoo_adversarial
from ganzoo import Adversarial
from ganzoo_adversarial import DualContrastiveOptions
from ganzoo_adversarial.dual_contrastive import Contrast, DualContrastive
from tests.plugins.steps import scores

X, Z = [0.5, -1.0, 2.0], [0.25, 1.5, -0.75]
GIVEN = scores(real=torch.tensor(X), fake=torch.tensor(Z))


def value_of_the_paper(x: list[float], z: list[float]) -> tuple[float, float]:
    """Both expectations, for scores x of real and z of generated images."""
    real = [log(exp(a) / (exp(a) + sum(exp(b) for b in z))) for a in x]
    fake = [log(exp(-b) / (exp(-b) + sum(exp(-a) for a in x))) for b in z]
    return sum(real) / len(x), sum(fake) / len(z)


def test_the_discriminator_maximizes_both_expectations_of_the_paper() -> None:
    terms = Contrast(DualContrastiveOptions()).discriminator(GIVEN)
    real, fake = value_of_the_paper(X, Z)
    assert terms["real"].item() == pytest.approx(-real)
    assert terms["fake"].item() == pytest.approx(-fake)


def test_the_generator_maximizes_the_same_with_real_and_fake_exchanged() -> None:
    terms = Contrast(DualContrastiveOptions()).generator(GIVEN)
    fake, real = value_of_the_paper(Z, X)
    assert terms["fake"].item() == pytest.approx(-fake)
    assert terms["real"].item() == pytest.approx(-real)


def test_with_minimax_the_generator_minimizes_what_the_discriminator_maximizes() -> None:
    terms = Contrast(DualContrastiveOptions(minimax=True)).generator(GIVEN)
    real, fake = value_of_the_paper(X, Z)
    assert terms["real"].item() == pytest.approx(real)
    assert terms["fake"].item() == pytest.approx(fake)


@pytest.mark.parametrize(("minimax", "vanishes"), [(True, True), (False, False)])
def test_only_the_gradient_of_minimax_vanishes(minimax: bool, vanishes: bool) -> None:
    fake = torch.tensor([-10.0, -11.0]).requires_grad_()
    loss = Contrast(DualContrastiveOptions(minimax=minimax))
    terms = loss.generator(scores(real=torch.tensor([10.0, 11.0]), fake=fake))
    (gradient,) = torch.autograd.grad(terms["fake"] + terms["real"], fake)
    assert (gradient < 0).all()
    assert (gradient.abs().sum() < 1e-3) == vanishes


def test_several_scores_of_an_image_are_compared_with_those_at_the_same_place() -> None:
    def both(x: Tensor) -> Tensor:
        return torch.stack([x, 3 * x], dim=1)

    loss = Contrast(DualContrastiveOptions())
    terms = loss.discriminator(scores(real=both(GIVEN.real), fake=both(GIVEN.fake)))
    once = loss.discriminator(GIVEN)
    thrice = loss.discriminator(scores(real=3 * GIVEN.real, fake=3 * GIVEN.fake))
    for name, term in terms.items():
        torch.testing.assert_close(term, (once[name] + thrice[name]) / 2)


def test_terms_are_finite_at_large_scores() -> None:
    loss = Contrast(DualContrastiveOptions())
    given = scores(real=torch.tensor([1000.0, -1000.0]), fake=torch.tensor([-1000.0, 1000.0]))
    for terms in (loss.discriminator(given), loss.generator(given)):
        assert all(term.isfinite() for term in terms.values())


def test_it_is_a_method_with_the_phases_of_adversarial_training() -> None:
    method = DualContrastive(DualContrastiveOptions())
    assert isinstance(method, Adversarial)
    assert [phase.name for phase in method.phases()] == ["discriminator", "generator"]
    specs = {spec.name: spec for spec in ganzoo_adversarial.ganzoo_losses()}
    spec = specs["dual-contrastive"]
    assert isinstance(spec.build(spec.options()), DualContrastive)
