from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

import ganzoo_wgan_gp
from ganzoo import WeightConstraint
from ganzoo_wgan_gp import WganGpOptions
from ganzoo_wgan_gp.losses import WganGp
from tests.plugins.steps import scores


def test_terms_equal_those_of_the_paper() -> None:
    given = scores(real=torch.tensor([1.0, 2.0]), fake=torch.tensor([0.5, -0.5]))
    terms = WganGp(WganGpOptions()).discriminator(given)
    assert terms["wasserstein"].item() == pytest.approx((0.5 - 0.5) / 2 - (1 + 2) / 2)
    assert terms["drift"].item() == pytest.approx(0.001 * (1**2 + 2**2) / 2)


def test_generator_maximizes_its_mean_score() -> None:
    terms = WganGp(WganGpOptions()).generator(scores(fake=torch.tensor([-3.0, 2.0])))
    assert {name: term.item() for name, term in terms.items()} == {"adversarial": -(-3 + 2) / 2}


def test_a_drift_of_weight_0_is_not_computed() -> None:
    given = scores(real=torch.ones(2), fake=torch.zeros(2))
    assert set(WganGp(WganGpOptions(drift=0)).discriminator(given)) == {"wasserstein"}


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValidationError):
        WganGpOptions(drift=-0.1)


def test_the_loss_requires_independent_scores_and_does_not_clip() -> None:
    loss = WganGp(WganGpOptions())
    assert loss.independent_scores
    assert not isinstance(loss, WeightConstraint)


def test_the_loss_recommends_the_gradient_penalty() -> None:
    (spec,) = ganzoo_wgan_gp.ganzoo_losses()
    assert spec.recommends["regularize.gradient-penalty"] == {}
