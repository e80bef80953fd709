from __future__ import annotations

from itertools import chain
from math import prod
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ganzoo import GrowingNetwork, ImageShape, LossRequirements, Networks
from ganzoo_growing_mlp import GrowingMlpOptions
from ganzoo_growing_mlp.networks import GrowingMlpDiscriminator, GrowingMlpGenerator, build
from tests.plugins.growing_outputs import draw, images_for, score, used_before
from tests.plugins.outputs import CONDITIONS, require_conditions

OBLONG = ImageShape(3, 16, 24)


def build_networks(
    image_shape: ImageShape = OBLONG, kind: str | None = None, **options: Any
) -> Networks:
    torch.manual_seed(0)
    options = {"width": 6, "latent_dim": 5, **options}
    requirements = LossRequirements(independent_scores=True)
    return build(
        GrowingMlpOptions(**options),
        image_shape=image_shape,
        condition=CONDITIONS[kind],
        requirements=requirements,
    )


def both(networks: Networks) -> tuple[GrowingMlpGenerator, GrowingMlpDiscriminator]:
    generator, discriminator = networks.generator, networks.discriminator
    assert isinstance(generator, GrowingMlpGenerator)
    assert isinstance(discriminator, GrowingMlpDiscriminator)
    return generator, discriminator


def sizes(layers: nn.Module) -> list[tuple[int, int]]:
    dense = [layer for layer in layers.modules() if isinstance(layer, nn.Linear)]
    return [(layer.in_features, layer.out_features) for layer in dense]


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("colors", [1, 3, 4])
@pytest.mark.parametrize(
    ("whole", "sides"),
    [
        ((28, 28), [(7, 7), (14, 14), (28, 28)]),
        ((16, 24), [(4, 6), (8, 12), (16, 24)]),
        ((37, 37), [(37, 37)]),
        ((6, 9), [(6, 9)]),
        ((1, 1), [(1, 1)]),
    ],
)
def test_images_and_scores_have_the_shape_of_every_stage(
    whole: tuple[int, int], sides: list[tuple[int, int]], colors: int, kind: str | None
) -> None:
    networks = build_networks(ImageShape(colors, *whole), kind=kind)
    for network in both(networks):
        assert isinstance(network, GrowingNetwork)
        assert network.stages == [ImageShape(colors, *side) for side in sides]
        assert (network.stage, network.fade) == (len(sides) - 1, 1)
    for stage, side in enumerate(sides):
        for fade in (0, 0.5, 1):
            images = draw(networks, stage, fade)
            assert images.shape == (8, colors, *side)
            assert images.abs().max() <= 1
            assert score(networks, images, stage, fade).shape == (8,)


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("stage", [1, 2])
def test_at_fade_0_networks_compute_the_stage_before(stage: int, kind: str | None) -> None:
    networks = build_networks(kind=kind)
    small = draw(networks, stage - 1, 1)
    enlarged = small.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    assert torch.equal(draw(networks, stage, 0), enlarged)
    images = images_for(networks, stage)
    expected = score(networks, avg_pool2d(images, 2), stage - 1, 1)
    assert torch.equal(score(networks, images, stage, 0), expected)
    assert not torch.allclose(score(networks, images, stage, 1), expected)


@pytest.mark.parametrize("stage", [1, 2])
def test_at_fade_1_the_layers_of_the_stage_before_are_not_used(stage: int) -> None:
    networks = build_networks()
    images = images_for(networks, stage)
    drawn, scores = draw(networks, stage, 1), score(networks, images, stage, 1)
    for network in both(networks):
        for parameter in used_before(network, stage).parameters():
            nn.init.constant_(parameter, torch.nan)
    assert torch.equal(draw(networks, stage, 1), drawn)
    assert torch.equal(score(networks, images, stage, 1), scores)
    assert draw(networks, stage, 0.99).isnan().all()
    assert score(networks, images, stage, 0.99).isnan().all()


@pytest.mark.parametrize("stage", [1, 2])
def test_between_fade_0_and_1_images_and_hidden_units_are_interpolated(stage: int) -> None:
    networks = build_networks()
    old, new = draw(networks, stage, 0), draw(networks, stage, 1)
    torch.testing.assert_close(draw(networks, stage, 0.3), 0.7 * old + 0.3 * new)
    seen: list[Tensor] = []
    following = both(networks)[1].blocks[stage - 1]
    following.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    for fade in (0, 1, 0.3):
        score(networks, images_for(networks, stage), stage, fade)
    torch.testing.assert_close(seen[2], 0.7 * seen[0] + 0.3 * seen[1])


@pytest.mark.parametrize("kind", CONDITIONS)
def test_every_parameter_belongs_to_exactly_one_stage(kind: str | None) -> None:
    for network in both(build_networks(kind=kind)):
        added = [id(p) for stage in range(3) for p in network.stage_parameters(stage)]
        assert len(added) == len(set(added))
        assert set(added) == {id(parameter) for parameter in network.parameters()}


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("fade", [0.5, 1])
@pytest.mark.parametrize("stage", [0, 1, 2])
def test_gradients_reach_the_layers_up_to_the_stage_only(
    stage: int, fade: float, kind: str | None
) -> None:
    networks = build_networks(kind=kind)
    scores = score(networks, draw(networks, stage, fade), stage, fade)
    scores.square().sum().backward()
    for network in both(networks):
        for parameter in network.stage_parameters(stage):
            assert parameter.grad is not None
            assert parameter.grad.isfinite().all()
            assert parameter.grad.any()
        later = chain.from_iterable(network.stage_parameters(n) for n in range(stage + 1, 3))
        assert all(parameter.grad is None for parameter in later)
        if stage:
            used = [p.grad is not None for p in used_before(network, stage).parameters()]
            assert used == [fade < 1, fade < 1]


def test_each_stage_adds_a_layer_of_twice_the_width_up_to_max_width() -> None:
    generator, discriminator = both(build_networks(width=10, max_width=35))
    pixels = [prod(shape) for shape in generator.stages]
    widths = [10, 20, 35]
    assert sizes(generator.blocks) == [(5, 10), (10, 20), (20, 35)]
    assert sizes(generator.image_layers) == list(zip(widths, pixels, strict=True))
    assert sizes(discriminator.image_layers) == list(zip(pixels, widths, strict=True))
    assert sizes(discriminator.blocks) == [(10, 1), (20, 10), (35, 20)]


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_activations_keep_their_scale(stage: int) -> None:
    networks = build_networks(width=128, latent_dim=100)
    loud = draw(networks, stage, 1).std().item()
    # Images of later stages start near gray, at a tenth; tanh makes those of the first smaller.
    assert 0.4 < loud < 0.9 if stage == 0 else 0.08 < loud < 0.2
    shape = both(networks)[1].stages[stage]
    scores = score(networks, torch.randn(64, *shape), stage, 1)
    assert 0.2 < scores.square().mean().sqrt().item() < 5


@pytest.mark.parametrize("fade", [0.5, 1])
def test_scores_are_independent_of_the_batch(fade: float) -> None:
    networks = build_networks()
    assert not networks.batch_dependent_scores
    images = images_for(networks, 2, n=5)
    alone = torch.cat([score(networks, image[None], 2, fade) for image in images])
    torch.testing.assert_close(score(networks, images, 2, fade), alone)


def test_dropout_applies_to_the_discriminator_in_training_mode() -> None:
    networks = build_networks(dropout=0.5)
    images, critic = images_for(networks, 2), both(networks)[1]
    assert not torch.equal(critic(images), critic(images))
    critic.eval()
    assert torch.equal(critic(images), critic(images))
    assert not any(isinstance(layer, nn.Dropout) for layer in networks.generator.modules())


@pytest.mark.parametrize("fade", [0.0, 0.5, 1.0])
def test_gradient_penalties_work(fade: float) -> None:
    critic = both(build_networks())[1]
    critic.grow(2, fade)
    x = torch.randn(4, *OBLONG, requires_grad=True)
    (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    penalty = (torch.linalg.vector_norm(gradient, dim=(1, 2, 3)) - 1).square().mean()
    gradients = torch.autograd.grad(penalty, list(critic.parameters()), materialize_grads=True)
    assert any(gradient.any() for gradient in gradients)
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("stage", [0, 2])
@pytest.mark.parametrize("kind", ["class", "classes", "vector"])
def test_conditions_change_images_and_scores(kind: str, stage: int) -> None:
    networks = build_networks(kind=kind)
    for network in both(networks):
        network.grow(stage, 1)
    require_conditions(networks)


def test_latents_are_normal_and_depend_on_the_random_generator_only() -> None:
    generator = build_networks(latent_dim=100).generator
    latents = generator.sample_latents(500, torch.Generator().manual_seed(5))
    torch.manual_seed(99)
    assert torch.equal(latents, generator.sample_latents(500, torch.Generator().manual_seed(5)))
    assert latents.shape == (500, 100)
    assert latents.mean().item() == pytest.approx(0, abs=0.02)
    assert latents.std().item() == pytest.approx(1, abs=0.02)


def test_state_dicts_are_the_same_at_every_stage_and_restore_the_networks() -> None:
    networks, others = build_networks(kind="class"), build_networks(kind="class")
    for number in range(2):
        network, other = both(networks)[number], both(others)[number]
        whole = list(network.state_dict())
        for parameter in other.parameters():
            nn.init.zeros_(parameter)
        network.grow(1, 0.5)
        assert list(network.state_dict()) == whole
        other.load_state_dict(network.state_dict())
    for stage in range(3):
        images = draw(networks, stage, 0.5)
        assert torch.equal(draw(others, stage, 0.5), images)
        assert torch.equal(score(others, images, stage, 0.5), score(networks, images, stage, 0.5))
