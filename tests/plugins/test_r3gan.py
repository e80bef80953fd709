from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, pad

import ganzoo
import ganzoo_r3gan.networks
from ganzoo import ConditionEmbedding, ImageShape, LossRequirements, Networks
from ganzoo.training.checkpoint import Checkpoints
from ganzoo_r3gan import R3ganOptions
from ganzoo_r3gan.layers import BiasedLeakyReLU, Downsampling, ResidualBlock, Upsampling, conv
from ganzoo_r3gan.networks import R3ganDiscriminator, R3ganGenerator, channels
from tests.plugins.outputs import CONDITIONS, draw, layers, require_conditions, score
from tests.plugins.recipe_runs import recipe_run
from tests.sameness import same

TINY = {"channel_base": 64, "max_channels": 8, "group_size": 4, "latent_dim": 5}


def build(
    height: int = 16, width: int = 16, colors: int = 3, kind: str | None = None, **options: Any
) -> Networks:
    torch.manual_seed(0)
    return ganzoo_r3gan.networks.build(
        R3ganOptions(**{**TINY, **options}),
        image_shape=ImageShape(colors, height, width),
        condition=CONDITIONS[kind],
        requirements=LossRequirements(),
    )


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("colors", [1, 3, 5])
@pytest.mark.parametrize(
    ("height", "width", "start"), [(32, 32, (4, 4)), (16, 24, (4, 6)), (56, 56, (7, 7))]
)
def test_images_and_scores_have_their_shapes(
    height: int, width: int, start: tuple[int, int], colors: int, kind: str | None
) -> None:
    networks = build(height, width, colors, kind)
    images = draw(networks, 3)
    assert images.shape == (3, colors, height, width)
    assert score(networks, images).shape == (3,)
    assert isinstance(networks.generator, R3ganGenerator)
    assert networks.generator.basis.shape[1:] == start


def test_a_size_that_cannot_be_halved_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ValueError, match="the nearest size is 32 x 32"):
        build(33, 33)


@pytest.mark.parametrize("kind", [kind for kind in CONDITIONS if kind])
def test_conditions_change_images_and_scores(kind: str) -> None:
    networks = build(kind=kind)
    for parameter in networks.discriminator.parameters():
        nn.init.normal_(parameter, 0, 0.3)
    require_conditions(networks)


@pytest.mark.parametrize("kind", [kind for kind in CONDITIONS if kind])
def test_embeddings_are_linear_layers_with_the_gains_of_the_authors(kind: str) -> None:
    networks = build(kind=kind, channel_base=4096, max_channels=512, latent_dim=512, blocks=1)
    for network, gain in ((networks.generator, 1.0), (networks.discriminator, 1 / sqrt(512))):
        (embed,) = layers(network, ConditionEmbedding)
        size = embed.condition.size
        weight = embed.weight if kind == "class" else embed.weight / sqrt(size)
        assert weight.std().item() == pytest.approx(gain / sqrt(size), rel=0.1)


@pytest.mark.parametrize("kind", CONDITIONS)
def test_gradients_reach_all_parameters_after_the_first_update(kind: str | None) -> None:
    networks = build(kind=kind)
    for network in (networks.generator, networks.discriminator):
        for block in layers(network, ResidualBlock):
            nn.init.normal_(block.layers[-1].weight, 0, 0.1)  # 0 before
    score(networks, draw(networks, 8)).square().sum().backward()
    for network in (networks.generator, networks.discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.any(), name


def test_at_first_gradients_reach_the_last_convolution_of_every_block() -> None:
    networks = build()
    score(networks, draw(networks, 8)).sum().backward()
    for network in (networks.generator, networks.discriminator):
        for block in layers(network, ResidualBlock):
            assert block.layers[-1].weight.grad.any()
            assert not block.layers[0].weight.grad.any()


def test_only_activations_have_biases_and_there_is_no_normalization() -> None:
    networks = build(kind="class")
    for network in (networks.generator, networks.discriminator):
        for layer in layers(network, nn.Conv2d, nn.Linear):
            assert layer.bias is None
        kinds = {type(layer).__name__ for layer in network.modules()}
        assert not any("Norm" in kind for kind in kinds)
        assert len(layers(network, BiasedLeakyReLU)) == 2 * len(layers(network, ResidualBlock))


def test_channels_of_the_stages_are_those_of_the_paper() -> None:
    # 3/4 of 1024, 1024, 1024, 1024, 512, 256, 128 for FFHQ at 256 pixels, with cardinalities of
    # 96, 96, 96, 96, 48, 24, 12.
    sides = [4, 8, 16, 32, 64, 128, 256]
    widths = [channels(R3ganOptions(), ImageShape(3, side, side)) for side in sides]
    assert widths == [768, 768, 768, 768, 384, 192, 96]
    assert [2 * width // 16 for width in widths] == [96, 96, 96, 96, 48, 24, 12]


def block_size(width: int, inner: int, group: int) -> int:
    """Weights of a 1 x 1, a grouped 3 x 3 and a 1 x 1 convolution, and two biases."""
    return width * inner + inner * group * 9 + inner * width + 2 * inner


def test_the_numbers_of_parameters_are_those_of_the_layers_in_the_paper() -> None:
    networks = ganzoo_r3gan.networks.build(
        R3ganOptions(),
        image_shape=ImageShape(3, 32, 32),
        condition=None,
        requirements=LossRequirements(),
    )
    blocks = 8 * block_size(768, 1536, 16)
    assert count(networks.generator) == 768 * 4 * 4 + 64 * 768 + blocks + 3 * 768 == 20_732_160
    assert count(networks.discriminator) == 3 * 768 + blocks + 768 * 4 * 4 + 768 == 20_683_776


def test_widths_are_rounded_so_that_groups_are_full() -> None:
    options = R3ganOptions(channel_base=100, max_channels=50, group_size=12, expansion=2)
    assert channels(options, ImageShape(3, 4, 4)) == 24
    assert channels(options, ImageShape(3, 8, 8)) == 12
    assert channels(options, ImageShape(3, 32, 32)) == 6
    network = build(16, 16, channel_base=100, max_channels=50, group_size=12).generator
    assert {layer.weight.shape[1] for layer in layers(network, nn.Conv2d) if layer.groups > 1} == {
        12
    }


def test_a_block_is_the_identity_at_first_and_its_gains_fall_with_the_depth() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 64, 8, 8)
    for blocks in (1, 16):
        block = ResidualBlock(64, 128, 8, blocks)
        assert torch.equal(block(x), x)
        first, grouped, last = layers(block, nn.Conv2d)
        gain = sqrt(2 / 1.04) * blocks ** (-1 / 4)
        assert first.weight.std().item() == pytest.approx(gain / sqrt(64), rel=0.05)
        assert grouped.weight.std().item() == pytest.approx(gain / sqrt(16 * 9), rel=0.05)
        assert not last.weight.any()


def test_the_layers_inside_a_block_keep_the_mean_square() -> None:
    torch.manual_seed(0)
    inside = ResidualBlock(128, 256, 4, 1).layers[:4](torch.randn(4, 128, 8, 8))
    # Zero padding removes a part of the 3 x 3 convolution's input at the edges.
    padded = ((3 * 8 - 2) / (3 * 8)) ** 2
    assert inside.square().mean().item() == pytest.approx(padded, rel=0.1)


@pytest.mark.parametrize("inputs", [32, 128])
def test_convolutions_between_stages_keep_the_mean_square(inputs: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(16, inputs, 8, 8)
    assert conv(inputs, 64)(x).square().mean().item() == pytest.approx(1, rel=0.1)


def stage_squares(networks: Networks) -> tuple[list[float], list[float]]:
    """The mean square of each stage's output in the generator and in the discriminator."""
    found: tuple[list[float], list[float]] = ([], [])
    for network, squares in zip((networks.generator, networks.discriminator), found, strict=True):
        for part in network.layers:  # type: ignore[union-attr]
            if isinstance(part, nn.Sequential):
                part.register_forward_hook(
                    lambda _, __, x, squares=squares: squares.append(x.square().mean().item())
                )
    images = draw(networks, 16)
    score(networks, torch.randn_like(images))
    return found


def test_initial_activations_are_of_order_one_in_all_stages() -> None:
    networks = build(32, 32, channel_base=2048, max_channels=48, group_size=16, latent_dim=64)
    generator, discriminator = stage_squares(networks)
    # The basis is N(0, 1) and the blocks are the identity: only the filters change the mean square.
    assert generator[0] == pytest.approx(1, rel=0.3)
    assert all(0.2 < square < 1.2 for square in generator)
    # White noise loses most of its power in each downsampling; photographs do not.
    assert discriminator[0] == pytest.approx(1, rel=0.3)


def test_a_constant_image_keeps_its_mean_square_in_the_discriminator() -> None:
    networks = build(32, 32, channel_base=2048, max_channels=64, group_size=16, latent_dim=64)
    discriminator = networks.discriminator
    assert isinstance(discriminator, R3ganDiscriminator)
    x = discriminator.from_image(torch.ones(1, 3, 32, 32))
    for part in discriminator.layers[:-2]:
        before, x = x.square().mean().item(), part(x)
        assert x.square().mean().item() == pytest.approx(before, rel=0.6)


def test_upsampling_interpolates_and_downsampling_has_the_same_filter() -> None:
    x = torch.randn(2, 3, 6, 8, dtype=torch.float64)
    taps = torch.tensor([1.0, 3, 3, 1], dtype=torch.float64) / 8
    kernel = torch.outer(taps, taps).expand(3, 1, 4, 4)
    down = conv2d(pad(x, (1, 1, 1, 1), mode="replicate"), kernel, stride=2, groups=3)
    torch.testing.assert_close(Downsampling(3, 3)(x), down)
    zeros = torch.zeros(1, 1, 5, 5, dtype=torch.float64)
    zeros[..., 2, 2] = 1
    up = Upsampling(1, 1)(zeros)
    torch.testing.assert_close(up[0, 0, 3:7, 3:7], 4 * kernel[0, 0])
    assert up.sum() == pytest.approx(4)


@pytest.mark.parametrize("layer", [Upsampling(4, 4), Downsampling(4, 4)])
def test_resampling_keeps_constants_and_has_no_parameters(layer: nn.Module) -> None:
    x = torch.full((1, 4, 4, 6), 0.7)
    assert not list(layer.parameters())
    torch.testing.assert_close(layer(x), torch.full_like(layer(x), 0.7))


def test_the_discriminator_is_twice_differentiable() -> None:
    network = build(8, 8, colors=1, max_channels=4, group_size=4, channel_base=16).discriminator
    network.double()
    for block in layers(network, ResidualBlock):
        nn.init.normal_(block.layers[-1].weight, 0, 0.3)
    x = torch.randn(1, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(network, x, nondet_tol=0)


def test_the_generators_output_is_not_bounded() -> None:
    networks = build()
    with torch.no_grad():
        networks.generator.get_parameter("to_image.weight").mul_(10)
    assert draw(networks, 16).abs().max() > 1.5


def test_bf16_is_close_to_float32() -> None:
    networks = build(32, 32)
    full = draw(networks, 4)
    with torch.autocast("cpu", torch.bfloat16):
        reduced = draw(networks, 4)
        scores = score(networks, full)
    torch.testing.assert_close(reduced.float(), full, atol=0.05, rtol=0.05)
    torch.testing.assert_close(scores.float(), score(networks, full), atol=0.05, rtol=0.05)


def test_the_recipe_of_the_paper_has_its_schedules() -> None:
    run = recipe_run("r3gan-paper")
    texts = {key: str(schedule) for key, schedule in run.schedules.items()}
    lr, beta = "2e-4 -> 5e-5 cosine", "0.9 -> 0.99 cosine"
    assert texts == {
        "train.generator.lr": lr,
        "train.discriminator.lr": lr,
        "train.generator.betas.1": beta,
        "train.discriminator.betas.1": beta,
        "train.ema.half_life": "0 -> 5_000_000 cosine",
        "regularize.r1.gamma": "0.05 -> 0.005 cosine",
        "regularize.r2.gamma": "0.05 -> 0.005 cosine",
        "augment.ada.p": "0 -> 0.55 cosine",
    }
    assert (run.train.images, run.train.batch_size) == (20_000_000, 512)
    assert run.train.generator.betas[0] == 0
    assert run.data.conditional


@pytest.mark.parametrize("name", ["r3gan-paper", "r3gan-small"])
def test_the_recipe_trains_and_resumes_exactly(
    name: str, tmp_path: Path, stopped: Callable[[Mapping[str, Any], int], Path]
) -> None:
    def arguments(folder: str) -> dict[str, Any]:
        small = {f"architecture.{key}": value for key, value in {**TINY, "blocks": 1}.items()}
        few = {"dataset": "blossoms", "dataset.count": 12, "sample.count": 4}
        size = {"steps": 3, "batch_size": 4, "device": "cpu", "quiet": True}
        return {"recipe": name, "settings": small | few, "run_dir": tmp_path / folder, **size}

    straight = ganzoo.train(**arguments("straight")).folder
    halved = stopped(arguments("halved"), 2)
    ganzoo.resume(halved, quiet=True)
    last = [Checkpoints(folder / "checkpoints", 3).load() for folder in (straight, halved)]
    assert same(*last)
