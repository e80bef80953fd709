from __future__ import annotations

from itertools import chain
from math import sqrt
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, leaky_relu

import ganzoo_progressive
from ganzoo import (
    EqualizedConv,
    EqualizedLinear,
    GrowingNetwork,
    ImageShape,
    LossRequirements,
    MinibatchStddev,
    Networks,
    RequestError,
)
from ganzoo_progressive import ProgressiveOptions
from ganzoo_progressive.layers import GAIN, PixelNorm
from ganzoo_progressive.networks import (
    ProgressiveDiscriminator,
    ProgressiveGenerator,
    build,
)
from tests.plugins.growing_outputs import draw, images_for, latents_for, score, used_before
from tests.plugins.outputs import CONDITIONS, require_conditions


def build_networks(
    size: int | tuple[int, int] = 16, colors: int = 3, kind: str | None = None, **options: Any
) -> Networks:
    torch.manual_seed(0)
    options = {"max_channels": 6, "latent_dim": 5, **options}
    image = ImageShape(colors, *((size, size) if isinstance(size, int) else size))
    return build(
        ProgressiveOptions(**options),
        image_shape=image,
        condition=CONDITIONS[kind],
        requirements=LossRequirements(),
    )


def both(networks: Networks) -> tuple[ProgressiveGenerator, ProgressiveDiscriminator]:
    generator, discriminator = networks.generator, networks.discriminator
    assert isinstance(generator, ProgressiveGenerator)
    assert isinstance(discriminator, ProgressiveDiscriminator)
    return generator, discriminator


def equalized(layers: nn.Module) -> list[Any]:
    kinds = EqualizedConv | EqualizedLinear
    return [layer for layer in layers.modules() if isinstance(layer, kinds)]


def scales(layers: nn.Module) -> list[float]:
    return [layer.scale for layer in equalized(layers)]


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("colors", [1, 3, 4])
@pytest.mark.parametrize(
    ("size", "shapes"),
    [
        (32, [(4, 4), (8, 8), (16, 16), (32, 32)]),
        (48, [(6, 6), (12, 12), (24, 24), (48, 48)]),
        (28, [(7, 7), (14, 14), (28, 28)]),
        (30, [(15, 15), (30, 30)]),
        ((16, 24), [(4, 6), (8, 12), (16, 24)]),
        ((44, 12), [(22, 6), (44, 12)]),
    ],
)
def test_images_and_scores_have_the_shape_of_every_stage(
    size: int | tuple[int, int], shapes: list[tuple[int, int]], colors: int, kind: str | None
) -> None:
    networks = build_networks(size, colors, kind=kind, max_channels=3)
    for network in both(networks):
        assert isinstance(network, GrowingNetwork)
        assert network.stages == [ImageShape(colors, *shape) for shape in shapes]
        assert (network.stage, network.fade) == (len(shapes) - 1, 1)
    for stage, shape in enumerate(shapes):
        for fade in (0, 0.5, 1):
            images = draw(networks, stage, fade)
            assert images.shape == (8, colors, *shape)
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
def test_between_fade_0_and_1_images_and_feature_maps_are_interpolated(stage: int) -> None:
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
    for network in both(build_networks(32, kind=kind)):
        added = [id(p) for stage in range(4) for p in network.stage_parameters(stage)]
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


def test_feature_maps_are_those_of_table_2_of_the_paper() -> None:
    with torch.device("meta"):
        generator, discriminator = both(build_networks(1024, max_channels=512, latent_dim=512))
    table = [512, 512, 512, 512, 256, 128, 64, 32, 16]
    assert [layer.weight.shape[1] for layer in equalized(generator.image_layers)] == table
    assert [layer.weight.shape[0] for layer in equalized(discriminator.image_layers)] == table
    # Table 2 of the paper: 23.1 million parameters each.
    for network in (generator, discriminator):
        grown = sum(parameter.numel() for parameter in network.parameters())
        unused = sum(p.numel() for n in range(1, 9) for p in used_before(network, n).parameters())
        assert (grown - unused) / 1e6 == pytest.approx(23.1, abs=0.05)


def test_stored_weights_are_standard_normal_and_biases_zero() -> None:
    for network in both(build_networks(max_channels=64, latent_dim=64)):
        for layer in equalized(network):
            tolerance = 5 / sqrt(layer.weight.numel())
            assert layer.weight.mean().item() == pytest.approx(0, abs=tolerance)
            assert layer.weight.std().item() == pytest.approx(1, abs=tolerance)
            assert not layer.bias.any()


def test_the_scale_is_the_gain_divided_by_the_root_of_the_fan_in() -> None:
    generator, discriminator = both(build_networks(8))
    conv = sqrt(2 / (6 * 3 * 3))
    assert scales(generator.blocks) == pytest.approx([sqrt(2) / 4 / sqrt(5), conv, conv, conv])
    assert scales(generator.image_layers) == pytest.approx([1 / sqrt(6)] * 2)
    assert scales(discriminator.image_layers) == pytest.approx([sqrt(2 / 3)] * 2)
    last = [sqrt(2 / (7 * 3 * 3)), sqrt(2 / (6 * 4 * 4))]
    assert scales(discriminator.blocks) == pytest.approx([*last, conv, conv])
    assert discriminator.score.scale == pytest.approx(1 / sqrt(6))


def test_the_fan_in_of_the_first_layer_is_the_size_of_its_feature_maps() -> None:
    generator, discriminator = both(build_networks((16, 24)))
    assert scales(generator.blocks)[0] == pytest.approx(sqrt(2 / (4 * 6)) / sqrt(5))
    assert scales(discriminator.blocks)[1] == pytest.approx(sqrt(2 / (6 * 4 * 6)))


def test_activations_keep_their_scale() -> None:
    x = torch.randn(16, 64, 12, 12)
    for _ in range(6):
        x = leaky_relu(EqualizedConv(64, 64, 3, padding=1, gain=GAIN)(x), 0.2)
    inside = x[:, :, 6, 6]  # zero padding makes activations at the border smaller
    assert 0.5 < inside.square().mean().item() < 2
    networks = build_networks(32, max_channels=64, latent_dim=64)
    assert 0.5 < draw(networks, 3, 1).std().item() < 2
    assert 0.05 < score(networks, images_for(networks, 3), 3, 1).square().mean().sqrt().item() < 5


@pytest.mark.parametrize("shape", [(7, 5), (7, 5, 3, 4)])
def test_pixel_norm_gives_each_feature_vector_a_mean_square_of_1(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape) * 30
    normed = PixelNorm()(x)
    squares = normed.square().mean(dim=1)
    torch.testing.assert_close(squares, torch.ones_like(squares))
    torch.testing.assert_close(normed * x.square().mean(dim=1, keepdim=True).sqrt(), x)
    assert not PixelNorm()(torch.zeros(shape)).any()


def test_the_generator_normalizes_latents_and_all_activations() -> None:
    generator = both(build_networks())[0]
    norms = [layer for layer in generator.modules() if isinstance(layer, PixelNorm)]
    active = [layer for layer in generator.modules() if isinstance(layer, nn.LeakyReLU)]
    assert len(norms) == 1 + len(active) == 7
    latents = latents_for(generator)
    torch.testing.assert_close(generator(latents), generator(latents * 3))


@pytest.mark.parametrize(
    ("n", "group", "size"),
    [(8, 4, 4), (6, 4, 3), (10, 4, 2), (5, 4, 1), (1, 4, 1), (3, 4, 3), (12, 16, 12), (7, 2, 1)],
)
def test_minibatch_stddev_equals_a_loop(n: int, group: int, size: int) -> None:
    x = torch.randn(n, 3, 4, 5)
    made = MinibatchStddev(group)(x)
    assert made.shape == (n, 4, 4, 5)
    assert torch.equal(made[:, :3], x)
    groups = n // size
    for first in range(groups):
        members = x[first * size : (first + 1) * size]
        deviations = []
        for values in zip(*(member.flatten().tolist() for member in members), strict=True):
            mean = sum(values) / size
            variance = sum((value - mean) ** 2 for value in values) / size
            deviations.append(sqrt(variance + 1e-8))
        expected = torch.full((size, 4, 5), sum(deviations) / len(deviations))
        torch.testing.assert_close(made[first * size : (first + 1) * size, 3], expected)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_minibatch_stddev_of_equal_images_has_a_finite_gradient(n: int) -> None:
    x = torch.ones(n, 3, 4, 4, requires_grad=True)
    made = MinibatchStddev(4)(x)
    torch.testing.assert_close(made[:, 3], torch.full((n, 4, 4), 1e-4))  # the root of epsilon
    made.sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_statistics_are_computed_in_float32() -> None:
    x = torch.randn(4, 8, 2, 2).mul(1000).half()  # the squares are too large for half precision
    for layer in (PixelNorm(), MinibatchStddev(4)):
        made = layer(x)
        assert made.dtype == torch.float16
        torch.testing.assert_close(made, layer(x.float()).half())


@pytest.mark.parametrize("fade", [0.5, 1])
def test_networks_run_in_half_precision(fade: float) -> None:
    networks = build_networks(kind="class")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = score(networks, draw(networks, 2, fade), 2, fade)
    scores.sum().backward()
    for network in both(networks):
        grads = [p.grad for p in network.stage_parameters(2)]
        assert all(grad is not None and grad.isfinite().all() for grad in grads)


def test_scores_depend_on_the_batch_unless_the_group_size_is_1() -> None:
    images = torch.rand(4, 3, 16, 16)
    changed = torch.cat((images[:1], -images[1:]))
    for group, compares in ((4, True), (1, False)):
        networks = build_networks(mbstd_group_size=group)
        assert networks.batch_dependent_scores is compares
        before, after = networks.discriminator(images), networks.discriminator(changed)
        assert (before[0] != after[0]).item() is compares
        has = any(isinstance(layer, MinibatchStddev) for layer in networks.discriminator.modules())
        assert has is compares


@pytest.mark.parametrize("layer", [PixelNorm(), MinibatchStddev(2)])
def test_layers_are_twice_differentiable(layer: nn.Module) -> None:
    x = torch.randn(4, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(layer.double(), x)


@pytest.mark.parametrize("fade", [0.0, 0.5, 1.0])
def test_gradient_penalties_work_in_any_memory_format(fade: float) -> None:
    def gradients(memory_format: torch.memory_format) -> list[Tensor]:
        critic = both(build_networks())[1].double().to(memory_format=memory_format)
        critic.grow(2, fade)
        x = torch.linspace(-1, 1, 4 * 3 * 16 * 16, dtype=torch.float64).reshape(4, 3, 16, 16)
        x = x.contiguous(memory_format=memory_format).requires_grad_()
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        penalty = (torch.linalg.vector_norm(gradient, dim=(1, 2, 3)) - 1).square().mean()
        parameters = list(critic.parameters())
        return list(torch.autograd.grad(penalty, parameters, materialize_grads=True))

    contiguous, last = gradients(torch.contiguous_format), gradients(torch.channels_last)
    assert any(gradient.any() for gradient in contiguous)
    assert all(gradient.isfinite().all() for gradient in contiguous)
    torch.testing.assert_close(last, contiguous)


@pytest.mark.parametrize(
    ("height", "width", "nearest"), [(7, 7, "8 x 8"), (37, 37, "36 x 36"), (37, 64, "64 x 36")]
)
def test_sizes_that_cannot_be_halved_are_refused_with_the_nearest_one(
    height: int, width: int, nearest: str
) -> None:
    (spec,) = ganzoo_progressive.ganzoo_architectures()
    with pytest.raises(RequestError) as caught:
        spec.build(
            spec.options(),
            image_shape=ImageShape(3, height, width),
            condition=None,
            requirements=LossRequirements(),
        )
    message = str(caught.value)
    assert message.startswith(f"architecture progressive: cannot make images of {width} x {height}")
    assert message.endswith(f"the nearest size is {nearest}")
    assert "\n" not in message


@pytest.mark.parametrize("stage", [0, 2])
@pytest.mark.parametrize("kind", ["class", "classes", "vector"])
def test_conditions_change_images_and_scores(kind: str, stage: int) -> None:
    networks = build_networks(kind=kind)
    for network in both(networks):
        network.grow(stage, 1)
    require_conditions(networks)


def test_labels_are_projected_on_the_last_features() -> None:
    networks = build_networks(kind="class")
    discriminator = both(networks)[1]
    features: list[Tensor] = []
    discriminator.score.register_forward_pre_hook(lambda _, inputs: features.append(inputs[0]))
    scores = score(networks, images_for(networks, 2), 2, 1)
    assert discriminator.embed is not None
    vectors = (discriminator.score.weight + discriminator.embed.weight) / sqrt(6)
    expected = torch.stack([vectors[i % 4] @ phi for i, phi in enumerate(features[0])])
    torch.testing.assert_close(scores, expected)


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
