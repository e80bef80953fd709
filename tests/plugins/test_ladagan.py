from __future__ import annotations

from math import sqrt
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm

import ganzoo
import ganzoo_ladagan
from ganzoo import ImageShape, LossRequirements, Networks, RequestError
from ganzoo_ladagan import LadaganOptions
from ganzoo_ladagan.layers import (
    AdditiveAttention,
    DiscriminatorBlock,
    GeneratorBlock,
    SelfModulatedNorm,
)
from ganzoo_ladagan.networks import DownsamplingBlock, build
from tests.plugins.outputs import CONDITIONS, draw, layers, require_conditions, score
from tests.plugins.recipe_runs import recipe_run

INDEPENDENT = LossRequirements(independent_scores=True)
TINY: dict[str, Any] = {
    "channels": (16, 8, 4),
    "discriminator_channels": 8,
    "hidden_channels": 8,
    "latent_dim": 8,
}


def build_networks(
    height: int = 32,
    width: int | None = None,
    colors: int = 3,
    requirements: LossRequirements = INDEPENDENT,
    kind: str | None = None,
    **options: Any,
) -> Networks:
    torch.manual_seed(0)
    return build(
        LadaganOptions(**{**TINY, **options}),
        image_shape=ImageShape(colors, height, width or height),
        condition=CONDITIONS[kind],
        requirements=requirements,
    )


def millions(options: LadaganOptions, size: int) -> float:
    """The number of the generator's parameters, without initial values."""
    with torch.device("meta"):
        networks = build(
            options,
            image_shape=ImageShape(3, size, size),
            condition=None,
            requirements=LossRequirements(),
        )
    return sum(parameter.numel() for parameter in networks.generator.parameters()) / 1e6


@pytest.mark.parametrize(
    ("size", "head", "channels", "expected"),
    [
        # Stated by the authors, who round down: 19 million for CIFAR-10 and CelebA of 64 pixels,
        # and 24 million for FFHQ of 128 pixels.
        (32, "shuffle", (1024, 256, 64), 19.9),
        (64, "shuffle", (1024, 256, 64), 19.9),
        (128, "conv", (1024, 512, 256), 23.7),
    ],
)
def test_the_generator_has_the_papers_number_of_parameters(
    size: int, head: str, channels: tuple[int, ...], expected: float
) -> None:
    options = LadaganOptions.model_validate({"channels": channels, "head": head})
    assert millions(options, size) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(
    ("size", "widths"),
    [(32, (32, 64)), (64, (16, 32, 64)), (128, (8, 16, 32, 64))],  # a quarter of the paper's
)
def test_the_discriminator_has_the_papers_blocks_and_25_scores(
    size: int, widths: tuple[int, ...]
) -> None:
    networks = build_networks(size, discriminator_channels=64, head="conv")
    discriminator = networks.discriminator
    blocks = layers(discriminator, DownsamplingBlock)
    assert tuple(block.pooled[1].out_channels for block in blocks) == widths[1:]
    first, *_ = layers(discriminator, nn.Conv2d)
    assert first.out_channels == widths[0]
    (attention,) = layers(discriminator, DiscriminatorBlock)
    assert attention.positions.shape == (16 * 16, 64)
    assert discriminator(torch.rand(2, 3, size, size)).shape == (2, 25)


@pytest.mark.parametrize("norm", ["auto", "batch", "layer", "none"])
@pytest.mark.parametrize("head", ["shuffle", "conv"])
@pytest.mark.parametrize("kind", CONDITIONS)
def test_gradients_reach_every_parameter(kind: str | None, head: str, norm: str) -> None:
    networks = build_networks(64, kind=kind, head=head, norm=norm, requirements=LossRequirements())
    score(networks, draw(networks, 4)).square().sum().backward()
    for network in (networks.generator, networks.discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.any(), name


@pytest.mark.parametrize("colors", [1, 3, 5])
@pytest.mark.parametrize(
    ("height", "width", "start", "scores"),
    [
        (8, 8, (4, 4), 1),
        (16, 16, (8, 8), 25),
        (28, 28, (14, 14), 121),
        (32, 32, (8, 8), 25),
        (48, 64, (12, 16), 9 * 13),
        (64, 16, (32, 8), 29 * 5),
        (40, 40, (10, 10), 49),
    ],
)
def test_any_size_that_can_be_halved(
    height: int, width: int, start: tuple[int, int], scores: int, colors: int
) -> None:
    networks = build_networks(height, width, colors)
    images = draw(networks, 2)
    assert images.shape == (2, colors, height, width)
    assert score(networks, images).shape == (2, scores)
    first, *_ = layers(networks.generator, GeneratorBlock)
    assert first.positions.shape == (start[0] * start[1], 16)


@pytest.mark.parametrize(
    ("height", "options", "message"),
    [
        (37, {}, "cannot make images of 37 x 37 pixels: width and height must be multiples of 4"),
        (100, {}, "the nearest size is 96 x 96"),
        (32, {"channels": (18, 4)}, "channels: 18 is not a multiple of 4, the number of heads"),
        (32, {"heads": 3, "channels": (9,)}, "discriminator_channels: 256 is not a multiple of 3"),
        (
            32,
            {"heads": 2, "channels": (18, 4), "discriminator_channels": 8},
            "channels: 18 is not a multiple of 4, which pixel shuffles need",
        ),
        (64, {"channels": (8,)}, "channels: 8, the last one, is not a multiple of 64"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    height: int, options: dict[str, Any], message: str
) -> None:
    (spec,) = ganzoo_ladagan.ganzoo_architectures()
    with pytest.raises(RequestError) as caught:
        spec.build(
            LadaganOptions(**options),
            image_shape=ImageShape(3, height, height),
            condition=None,
            requirements=LossRequirements(),
        )
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_attention_equals_its_equation_for_each_head() -> None:
    attention = AdditiveAttention(6, heads=2).double()
    x = torch.randn(2, 5, 6, dtype=torch.float64)
    q, k, v = (layer(x) for layer in (attention.query, attention.key, attention.value))
    parts: list[Tensor] = []
    for head in range(2):
        own = slice(3 * head, 3 * head + 3)
        weights = attention.logits(q)[:, :, head : head + 1] / sqrt(3)
        a = weights.exp() / weights.exp().sum(dim=1, keepdim=True)
        g = (a * q[:, :, own]).sum(dim=1, keepdim=True)
        parts.append(v[:, :, own] * g * k[:, :, own])
    torch.testing.assert_close(attention(x), attention.project(torch.cat(parts, dim=2)))


def test_latents_set_gain_and_bias_of_the_layer_norm() -> None:
    norm = SelfModulatedNorm(6, 4)
    x, z = torch.randn(2, 5, 6), torch.randn(2, 4)
    h = norm.hidden(z)
    for n in range(2):
        expected = norm.gamma(h[n]) * layer_norm(x[n], (6,), eps=1e-6) + norm.beta(h[n])
        torch.testing.assert_close(norm(x, z)[n], expected)


def test_only_the_attention_of_the_generators_block_has_a_residual_connection() -> None:
    block = GeneratorBlock(8, 4, 3, heads=2, hidden=8)
    own = DiscriminatorBlock(8, 4, heads=2, hidden=8)
    x, z = torch.randn(2, 4, 8), torch.randn(2, 3)
    with torch.no_grad():
        for part in (block, own):
            for last in (layers(part, AdditiveAttention)[0].project, layers(part, nn.Linear)[-1]):
                last.weight.zero_()
                last.bias.zero_()
    assert not block(x, z).any()
    maps = torch.randn(2, 8, 2, 2)
    positions = own.positions.T.reshape(8, 2, 2)
    torch.testing.assert_close(own(maps), maps + positions)


def test_norm_auto_has_no_batch_statistics_with_a_gradient_penalty() -> None:
    for requirements, expected in ((INDEPENDENT, 0), (LossRequirements(), 3)):
        networks = build_networks(requirements=requirements)
        assert len(layers(networks.discriminator, nn.BatchNorm2d)) == expected
    with pytest.warns(UserWarning, match='norm="batch"'):
        explicit = build_networks(norm="batch")
    assert len(layers(explicit.discriminator, nn.BatchNorm2d)) == 3


def test_a_discriminator_with_layer_norm_can_see_contrast() -> None:
    critic = build_networks(norm="layer").discriminator
    images = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(critic(2 * images), critic(images), rtol=1e-3, atol=1e-4)
    first = next(parameter for parameter in critic.parameters() if parameter.ndim == 1)
    with torch.no_grad():
        first.fill_(1)  # initially 0
    assert (critic(2 * images) - critic(images)).abs().min() > 1e-3


def test_networks_are_twice_differentiable() -> None:
    networks = build_networks(8)
    critic = networks.discriminator.double()
    images = torch.randn(2, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(critic(images).sum(), images, create_graph=True)
    gradient.square().sum().backward()
    assert all(
        parameter.grad is not None and parameter.grad.isfinite().all()
        for name, parameter in critic.named_parameters()
    )


def test_bf16_gives_finite_gradients() -> None:
    networks = build_networks()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = score(networks, draw(networks, 4))
    scores.float().sum().backward()
    gradients = [p.grad for p in networks.generator.parameters()]
    assert all(grad is not None and grad.isfinite().all() for grad in gradients)


@pytest.mark.parametrize("kind", ["class", "classes", "vector"])
def test_conditions_change_images_and_scores(kind: str) -> None:
    require_conditions(build_networks(16, kind=kind))


@pytest.mark.filterwarnings('ignore:norm="batch" makes an image:UserWarning')
@pytest.mark.parametrize("name", ["ladagan-paper", "ladagan-small"])
def test_the_recipe_trains(name: str, tmp_path: Path) -> None:
    small: dict[str, Any] = {
        **{f"architecture.{key}": value for key, value in TINY.items()},
        **{"dataset.count": 12, "sample.count": 4, "train.batch_size": 4},
    }
    changed: dict[str, Any] = {
        "dataset": "blossoms",
        "device": "cpu",
        "quiet": True,
        "run_dir": tmp_path / "run",
    }
    trained = ganzoo.train(recipe=name, steps=2, settings=small, **changed)
    assert trained.generate(2).shape == (2, 3, 32, 32)


def test_the_papers_recipe_has_its_published_settings() -> None:
    run = recipe_run("ladagan-paper")
    assert run.train.batch_size == 128
    for optimizer in (run.train.generator, run.train.discriminator):
        assert (optimizer.lr, optimizer.betas) == (2e-4, (0.5, 0.99))
    assert run.augment["diffaugment"].options.model_dump()["policy"] == ("color", "translation")
    assert run.regularize["r1"].options.model_dump()["gamma"] == 2 * 1e-4
    assert run.architecture.options.model_dump()["channels"] == (1024, 256, 64)
