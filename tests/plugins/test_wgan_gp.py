from __future__ import annotations

import pytest
import torch

import ganzoo_wgan_gp
from ganzoo import Options, WeightConstraint
from ganzoo_wgan_gp.losses import WganGp
from tests.plugins.steps import scores


def test_terms_equal_those_of_the_paper() -> None:
    given = scores(real=torch.tensor([1.0, 2.0]), fake=torch.tensor([0.5, -0.5]))
    terms = WganGp(Options()).discriminator(given)
    assert terms["wasserstein"].item() == pytest.approx((0.5 - 0.5) / 2 - (1 + 2) / 2)
    assert set(terms) == {"wasserstein"}


def test_generator_maximizes_its_mean_score() -> None:
    terms = WganGp(Options()).generator(scores(fake=torch.tensor([-3.0, 2.0])))
    assert {name: term.item() for name, term in terms.items()} == {"adversarial": -(-3 + 2) / 2}


def test_the_loss_requires_independent_scores_and_does_not_clip() -> None:
    loss = WganGp(Options())
    assert loss.independent_scores
    assert not isinstance(loss, WeightConstraint)


def test_the_loss_recommends_the_gradient_penalty_and_the_drift() -> None:
    (spec,) = ganzoo_wgan_gp.ganzoo_losses()
    assert spec.recommends["regularize.gradient-penalty"] == {}
    assert spec.recommends["regularize.drift"] == {}
