from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo_mlp
from ganzoo import ImageShape, LossRequirements, Networks, RequestError
from ganzoo_mlp import MlpOptions
from ganzoo_mlp.networks import build

OBLONG = ImageShape(3, 6, 9)


def networks(image_shape: ImageShape = OBLONG, num_classes: int = 4, **options: Any) -> Networks:
    torch.manual_seed(0)
    options = {"width": 16, "latent_dim": 6, **options}
    requirements = LossRequirements(independent_scores=True)
    return build(
        MlpOptions(**options),
        image_shape=image_shape,
        num_classes=num_classes,
        requirements=requirements,
    )


def labels_for(players: Networks, n: int) -> Tensor | None:
    return torch.arange(n) % 4 if players.conditional else None


def draw(players: Networks, n: int) -> Tensor:
    latents = players.generator.sample_latents(n, torch.Generator().manual_seed(1))
    return players.generator(latents, labels_for(players, n))


def score(players: Networks, images: Tensor) -> Tensor:
    return players.discriminator(images, labels_for(players, len(images)))


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 6, 9), (5, 7, 2), (1, 1, 1)])
def test_images_scores_and_gradients(
    shape: tuple[int, int, int], layers: int, conditional: bool
) -> None:
    players = networks(ImageShape(*shape), layers=layers, conditional=conditional)
    images = draw(players, 8)
    assert images.shape == (8, *shape)
    assert images.abs().max() <= 1
    scores = score(players, images)
    assert scores.shape == (8,)
    scores.square().sum().backward()
    for network in (players.generator, players.discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.any(), name


def test_hidden_layers_are_as_many_and_as_wide_as_asked() -> None:
    players = networks(width=10, layers=2)
    for network, ends in ((players.generator, (6, 162)), (players.discriminator, (162, 1))):
        sizes = [
            (layer.in_features, layer.out_features)
            for layer in network.modules()
            if isinstance(layer, nn.Linear)
        ]
        assert sizes == [(ends[0], 10), (10, 10), (10, ends[1])]


def test_signals_keep_their_size_through_the_layers() -> None:
    players = networks(ImageShape(1, 28, 28), width=512, layers=6, latent_dim=100)
    images = draw(players, 64)
    assert 0.4 < images.std().item() < 0.9
    scores = score(players, torch.randn(64, 1, 28, 28))
    assert 0.2 < scores.square().mean().sqrt().item() < 5


def test_scores_are_independent_of_the_batch() -> None:
    players = networks()
    images = torch.rand(5, 3, 6, 9) * 2 - 1
    alone = torch.cat([players.discriminator(image[None]) for image in images])
    torch.testing.assert_close(players.discriminator(images), alone)


def test_dropout_falls_on_the_discriminator_while_it_trains() -> None:
    players = networks(dropout=0.5)
    images = torch.rand(4, 3, 6, 9)
    critic = players.discriminator
    assert not torch.equal(critic(images), critic(images))
    critic.eval()
    assert torch.equal(critic(images), critic(images))
    assert not any(isinstance(layer, nn.Dropout) for layer in players.generator.modules())


def test_labels_change_images_and_scores() -> None:
    players = networks(conditional=True)
    latents = players.generator.sample_latents(1, torch.Generator())
    zero, one = torch.tensor([0]), torch.tensor([1])
    images = players.generator(latents, zero)
    assert not torch.allclose(images, players.generator(latents, one))
    scores = players.discriminator(images, zero)
    assert not torch.allclose(scores, players.discriminator(images, one))


def test_labels_are_refused_where_there_are_none() -> None:
    (spec,) = ganzoo_mlp.ganzoo_architectures()
    with pytest.raises(RequestError, match="architecture mlp: the images have no labels"):
        spec.build(
            MlpOptions(conditional=True),
            image_shape=ImageShape(1, 8, 8),
            num_classes=0,
            requirements=LossRequirements(),
        )


def test_latents_are_normal_and_come_from_their_generator_alone() -> None:
    generator = networks(latent_dim=100).generator
    latents = generator.sample_latents(500, torch.Generator().manual_seed(5))
    torch.manual_seed(99)
    assert torch.equal(latents, generator.sample_latents(500, torch.Generator().manual_seed(5)))
    assert latents.shape == (500, 100)
    assert latents.mean().item() == pytest.approx(0, abs=0.02)
    assert latents.std().item() == pytest.approx(1, abs=0.02)


def test_weights_survive_a_round_trip() -> None:
    players, others = networks(conditional=True), networks(conditional=True)
    with torch.no_grad():
        for network in (others.generator, others.discriminator):
            for parameter in network.parameters():
                parameter.add_(1)
    others.generator.load_state_dict(players.generator.state_dict())
    others.discriminator.load_state_dict(players.discriminator.state_dict())
    images = draw(players, 4)
    assert torch.equal(draw(others, 4), images)
    assert torch.equal(score(others, images), score(players, images))
