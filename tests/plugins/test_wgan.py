from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

import ganzoo_wgan
from ganzoo import WeightConstraint
from ganzoo_wgan import WganOptions
from ganzoo_wgan.losses import Wgan
from tests.plugins.steps import scores


def values(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float32)


def test_critic_maximizes_the_difference_of_the_mean_scores() -> None:
    terms = Wgan(WganOptions()).discriminator(scores(real=values(1, 4), fake=values(-3, 2)))
    assert {name: term.item() for name, term in terms.items()} == {
        "wasserstein": (-3 + 2) / 2 - (1 + 4) / 2
    }


def test_generator_maximizes_its_mean_score() -> None:
    terms = Wgan(WganOptions()).generator(scores(fake=values(-3, 2)))
    assert {name: term.item() for name, term in terms.items()} == {"adversarial": -(-3 + 2) / 2}


def test_scores_are_not_bounded() -> None:
    terms = Wgan(WganOptions()).discriminator(scores(real=values(100), fake=values(-100)))
    assert terms["wasserstein"].item() == -200


def test_a_step_raises_real_scores_above_fake_ones() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 1), nn.Flatten(0))
    real, fake = torch.randn(8, 1, 2, 2) + 1, torch.randn(8, 1, 2, 2) - 1
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    before = Wgan(WganOptions()).discriminator(scores(real=network(real), fake=network(fake)))[
        "wasserstein"
    ]
    before.backward()
    optimizer.step()
    assert (
        Wgan(WganOptions()).discriminator(scores(real=network(real), fake=network(fake)))[
            "wasserstein"
        ]
        < before
    )


def test_clipping_bounds_all_parameters_in_place() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.Linear(2, 1))
    parameters = list(network.parameters())
    loss = Wgan(WganOptions(clip=0.05))
    assert isinstance(loss, WeightConstraint)
    inside = torch.tensor(0.04)
    with torch.no_grad():
        for parameter in parameters:
            parameter.fill_(-1.0)
            parameter.view(-1)[0] = inside
    loss.constrain(network)
    for parameter, same in zip(network.parameters(), parameters, strict=True):
        assert parameter is same
        assert parameter.requires_grad
        assert parameter.min() >= -0.05
        assert parameter.view(-1)[0] == inside


def test_clip_must_be_positive() -> None:
    with pytest.raises(ValidationError):
        WganOptions(clip=0)


def test_the_loss_recommends_the_papers_rmsprop() -> None:
    (spec,) = ganzoo_wgan.ganzoo_losses()
    assert spec.recommends["train.discriminator.optimizer"] == "rmsprop"
    assert spec.recommends["train.discriminator.lr"] == 5e-5
