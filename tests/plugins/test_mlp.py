from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from ganzoo import ImageShape, LossRequirements, Networks
from ganzoo_mlp import MlpOptions
from ganzoo_mlp.networks import build
from tests.plugins.outputs import CONDITIONS, draw, require_conditions, score

OBLONG = ImageShape(3, 6, 9)


def build_networks(
    image_shape: ImageShape = OBLONG, kind: str | None = None, **options: Any
) -> Networks:
    torch.manual_seed(0)
    options = {"width": 16, "latent_dim": 6, **options}
    requirements = LossRequirements(independent_scores=True)
    return build(
        MlpOptions(**options),
        image_shape=image_shape,
        condition=CONDITIONS[kind],
        requirements=requirements,
    )


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 6, 9), (5, 7, 2), (1, 1, 1)])
def test_images_scores_and_gradients_are_well_formed(
    shape: tuple[int, int, int], layers: int, kind: str | None
) -> None:
    networks = build_networks(ImageShape(*shape), layers=layers, kind=kind)
    images = draw(networks, 8)
    assert images.shape == (8, *shape)
    assert images.abs().max() <= 1
    scores = score(networks, images)
    assert scores.shape == (8,)
    scores.square().sum().backward()
    for network in (networks.generator, networks.discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.any(), name


def test_layers_and_width_set_the_hidden_layers() -> None:
    networks = build_networks(width=10, layers=2)
    for network, ends in ((networks.generator, (6, 162)), (networks.discriminator, (162, 1))):
        sizes = [
            (layer.in_features, layer.out_features)
            for layer in network.modules()
            if isinstance(layer, nn.Linear)
        ]
        assert sizes == [(ends[0], 10), (10, 10), (10, ends[1])]


def test_activations_keep_their_scale() -> None:
    networks = build_networks(ImageShape(1, 28, 28), width=512, layers=6, latent_dim=100)
    images = draw(networks, 64)
    assert 0.4 < images.std().item() < 0.9
    scores = score(networks, torch.randn(64, 1, 28, 28))
    assert 0.2 < scores.square().mean().sqrt().item() < 5


def test_scores_are_independent_of_the_batch() -> None:
    networks = build_networks()
    images = torch.rand(5, 3, 6, 9) * 2 - 1
    alone = torch.cat([networks.discriminator(image[None]) for image in images])
    torch.testing.assert_close(networks.discriminator(images), alone)


def test_dropout_applies_to_the_discriminator_in_training_mode() -> None:
    networks = build_networks(dropout=0.5)
    images = torch.rand(4, 3, 6, 9)
    critic = networks.discriminator
    assert not torch.equal(critic(images), critic(images))
    critic.eval()
    assert torch.equal(critic(images), critic(images))
    assert not any(isinstance(layer, nn.Dropout) for layer in networks.generator.modules())


@pytest.mark.parametrize("kind", ["class", "classes", "vector"])
def test_conditions_change_images_and_scores(kind: str) -> None:
    require_conditions(build_networks(kind=kind))


def test_latents_are_normal_and_depend_on_the_random_generator_only() -> None:
    generator = build_networks(latent_dim=100).generator
    latents = generator.sample_latents(500, torch.Generator().manual_seed(5))
    torch.manual_seed(99)
    assert torch.equal(latents, generator.sample_latents(500, torch.Generator().manual_seed(5)))
    assert latents.shape == (500, 100)
    assert latents.mean().item() == pytest.approx(0, abs=0.02)
    assert latents.std().item() == pytest.approx(1, abs=0.02)


def test_state_dicts_restore_the_networks() -> None:
    networks, others = build_networks(kind="class"), build_networks(kind="class")
    with torch.no_grad():
        for network in (others.generator, others.discriminator):
            for parameter in network.parameters():
                parameter.add_(1)
    others.generator.load_state_dict(networks.generator.state_dict())
    others.discriminator.load_state_dict(networks.discriminator.state_dict())
    images = draw(networks, 4)
    assert torch.equal(draw(others, 4), images)
    assert torch.equal(score(others, images), score(networks, images))
