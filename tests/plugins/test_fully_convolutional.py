from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo_fully_convolutional
from ganzoo import ConditionEmbedding, ImageShape, LossRequirements, Networks, RequestError
from ganzoo_fully_convolutional import FullyConvolutionalOptions
from ganzoo_fully_convolutional.networks import Residual, build
from tests.plugins.outputs import CONDITIONS, draw, layers, require_conditions, score, told

INDEPENDENT = LossRequirements(independent_scores=True)


def build_networks(
    height: int = 16,
    width: int | None = None,
    colors: int = 3,
    requirements: LossRequirements = INDEPENDENT,
    kind: str | None = None,
    **options: Any,
) -> Networks:
    torch.manual_seed(0)
    return build(
        FullyConvolutionalOptions(**{"base_channels": 4, **options}),
        image_shape=ImageShape(colors, height, width or height),
        condition=CONDITIONS[kind],
        requirements=requirements,
    )


def activate_blocks(networks: Networks) -> Networks:
    """The same networks with residual blocks that are not the identity."""
    with torch.no_grad():
        for block in layers(networks.generator, Residual):
            block.layers[-1].weight.fill_(1)
    return networks


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("norm", ["auto", "batch", "layer", "none"])
def test_images_scores_and_gradients_are_well_formed(norm: str, kind: str | None) -> None:
    networks = activate_blocks(
        build_networks(requirements=LossRequirements(), norm=norm, kind=kind)
    )
    images = draw(networks, 4)
    assert images.shape == (4, 3, 16, 16)
    assert images.abs().max() <= 1
    scores = score(networks, images)
    assert scores.shape == (4,)
    scores.square().sum().backward()
    for network in (networks.generator, networks.discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.any(), name


@pytest.mark.parametrize("colors", [1, 3, 5])
@pytest.mark.parametrize(
    ("height", "width", "bottom"),
    [
        (8, 8, (4, 4)),
        (28, 28, (7, 7)),
        (32, 32, (4, 4)),
        (48, 64, (6, 8)),
        (96, 32, (12, 4)),
        (80, 80, (5, 5)),
        (100, 60, (25, 15)),
        (128, 128, (4, 4)),
    ],
)
def test_sides_are_halved_as_often_as_possible(
    height: int, width: int, bottom: tuple[int, int], colors: int
) -> None:
    networks = build_networks(height, width, colors, base_channels=2)
    seen: list[torch.Size] = []
    first, *_ = layers(networks.generator, Residual)
    first.register_forward_hook(lambda _, inputs, output: seen.append(output.shape[2:]))
    images = draw(networks, 2)
    assert seen == [bottom]
    assert images.shape == (2, colors, height, width)
    assert score(networks, images).shape == (2,)


def test_depth_sets_the_number_of_halvings() -> None:
    shallow = build_networks(36, depth=1)
    assert draw(shallow, 2).shape == (2, 3, 36, 36)
    assert len(layers(shallow.generator, nn.Upsample)) == 1


@pytest.mark.parametrize(
    ("height", "width", "depth", "times", "nearest"),
    [
        (36, 36, 3, 3, "a multiple of 8, such as 32 or 40"),
        (48, 36, 3, 3, "a multiple of 8, such as 32 or 40"),
        (8, 8, 4, 4, "a multiple of 16, such as 16 or 32"),
    ],
)
def test_unsupported_sizes_are_refused_with_the_nearest_ones(
    height: int, width: int, depth: int, times: int, nearest: str
) -> None:
    (spec,) = ganzoo_fully_convolutional.ganzoo_architectures()
    options = FullyConvolutionalOptions(depth=depth)
    with pytest.raises(RequestError) as caught:
        spec.build(
            options,
            image_shape=ImageShape(3, height, width),
            condition=None,
            requirements=LossRequirements(),
        )
    message = str(caught.value)
    beginning = f"cannot halve images of {width} x {height} pixels {times} times"
    assert message.startswith(f"architecture fully-convolutional: {beginning}")
    assert nearest in message
    assert "\n" not in message


def test_an_odd_size_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ValueError, match="the nearest size is 36 x 36"):
        build_networks(37)


@pytest.mark.parametrize("kind", CONDITIONS)
def test_latents_of_another_size_give_images_of_that_size(kind: str | None) -> None:
    networks = build_networks(32, kind=kind)
    latents = torch.randn(2, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    images = networks.generator(latents, told(networks, 2))
    assert images.shape == latents.shape
    assert score(networks, images).shape == (2,)


@pytest.mark.parametrize("size", [32, 48, 64])
def test_each_pixel_depends_on_all_latents(size: int) -> None:
    generator = activate_blocks(build_networks(size, base_channels=8)).generator.double().eval()
    latents = generator.sample_latents(1, torch.Generator().manual_seed(0)).double()
    images = generator(latents.requires_grad_())
    for pixel in ((0, 0), (size // 2, size // 2), (size - 1, 0)):
        value = images[0, :, *pixel].sum()
        (gradient,) = torch.autograd.grad(value, latents, retain_graph=True)
        assert gradient[0].abs().sum(0).gt(0).all()


def test_channels_double_with_each_halving_up_to_eight_times() -> None:
    networks = build_networks(128)
    generator = [conv.out_channels for conv in layers(networks.generator, nn.Conv2d)]
    assert generator == [8, 16, 32, 32, 32, *[32] * 4, 32, 32, 16, 8, 4, 3]
    discriminator = [conv.out_channels for conv in layers(networks.discriminator, nn.Conv2d)]
    assert discriminator == [4, 8, 8, 16, 16, 32, 32, 32, 32, 32, 1]


def test_only_convolutions_have_weights_without_norm_and_labels() -> None:
    networks = build_networks(requirements=LossRequirements(), kind="class")
    for network in (networks.generator, networks.discriminator):
        owners = [module for module in network.modules() if list(module.parameters(False))]
        assert {type(owner) for owner in owners} == {nn.Conv2d, nn.BatchNorm2d, ConditionEmbedding}


def test_residual_blocks_start_as_the_identity() -> None:
    networks, without = build_networks(blocks=3), build_networks(blocks=0)
    (block, *_) = blocks = layers(networks.generator, Residual)
    assert len(blocks) == 3
    assert not layers(without.generator, Residual)
    maps = torch.randn(2, 16, 4, 4)
    assert torch.equal(block(maps), maps)


def test_activations_keep_their_scale_without_norm() -> None:
    critic = build_networks(64, base_channels=16, norm="none").discriminator
    sizes: list[float] = []
    for layer in layers(critic, nn.LeakyReLU):
        layer.register_forward_hook(lambda _, inputs, output: sizes.append(output.std().item()))
    critic(torch.rand(4, 3, 64, 64) * 2 - 1)
    assert len(sizes) == 8
    assert all(0.2 < size < 2 for size in sizes)


@pytest.mark.parametrize(
    ("norm", "requirements", "kind"),
    [
        ("auto", LossRequirements(), nn.BatchNorm2d),
        ("auto", INDEPENDENT, nn.GroupNorm),
        ("layer", LossRequirements(), nn.GroupNorm),
        ("batch", LossRequirements(), nn.BatchNorm2d),
        ("none", INDEPENDENT, nn.Identity),
    ],
)
def test_auto_norm_depends_on_the_requirements_of_the_loss(
    norm: str, requirements: LossRequirements, kind: type[nn.Module]
) -> None:
    networks = build_networks(32, requirements=requirements, norm=norm)
    norms = layers(networks.discriminator, nn.BatchNorm2d, nn.GroupNorm, nn.Identity)
    assert [type(layer) for layer in norms] == [kind] * 3


@pytest.mark.parametrize("norm", ["auto", "layer", "none"])
def test_scores_are_independent_of_the_batch_if_the_loss_needs_it(norm: str) -> None:
    networks = build_networks(32, norm=norm)
    images = torch.rand(5, 3, 32, 32) * 2 - 1
    alone = torch.cat([networks.discriminator(image[None]) for image in images])
    torch.testing.assert_close(networks.discriminator(images), alone, atol=1e-5, rtol=1e-4)


def test_batch_norm_warns_if_the_loss_needs_independent_scores() -> None:
    with pytest.warns(UserWarning, match="depend on its batch"):
        networks = build_networks(32, norm="batch")
    images = torch.rand(5, 3, 32, 32) * 2 - 1
    scores = networks.discriminator(images)
    assert (scores[:4] - networks.discriminator(images[:4])).abs().min() > 1e-4


@pytest.mark.parametrize("kind", ["class", "classes", "vector"])
def test_conditions_change_images_and_scores(kind: str) -> None:
    require_conditions(build_networks(kind=kind))


def test_latents_are_normal_in_the_shape_of_the_image_and_depend_on_the_random_generator_only() -> (
    None
):
    generator = build_networks(48, 64).generator
    before = torch.get_rng_state()
    latents = generator.sample_latents(20, torch.Generator().manual_seed(5))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(latents, generator.sample_latents(20, torch.Generator().manual_seed(5)))
    assert latents.shape == (20, 3, 48, 64)
    assert latents.dtype == torch.float32
    assert latents.mean().item() == pytest.approx(0, abs=0.01)
    assert latents.std().item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("norm", ["layer", "none"])
def test_gradient_penalties_work_in_any_memory_format(norm: str) -> None:
    def gradients(memory_format: torch.memory_format) -> list[Tensor]:
        critic = build_networks(norm=norm).discriminator.double().to(memory_format=memory_format)
        x = torch.linspace(-1, 1, 2 * 3 * 16 * 16, dtype=torch.float64).reshape(2, 3, 16, 16)
        x = x.contiguous(memory_format=memory_format).requires_grad_()
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        penalty = (torch.linalg.vector_norm(gradient, dim=(1, 2, 3)) - 1).square().mean()
        parameters = list(critic.parameters())
        return list(torch.autograd.grad(penalty, parameters, materialize_grads=True))

    contiguous, last = gradients(torch.contiguous_format), gradients(torch.channels_last)
    assert any(gradient.any() for gradient in contiguous)
    torch.testing.assert_close(last, contiguous)
