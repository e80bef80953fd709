from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

from ganzoo import (
    EqualizedConv,
    EqualizedLinear,
    ImageShape,
    LossRequirements,
    MinibatchStddev,
    Networks,
)
from ganzoo_stylegan2 import StyleGan2Options
from ganzoo_stylegan2.discriminator import StyleGan2Discriminator
from ganzoo_stylegan2.generator import StyleGan2Generator
from ganzoo_stylegan2.layers import Filter
from ganzoo_stylegan2.modulation import ModulatedConv, StyledLayer
from ganzoo_stylegan2.networks import build
from ganzoo_stylegan2.noise import LatentNoise
from tests.plugins.outputs import CONDITIONS, draw, layers, require_conditions, score
from tests.plugins.recipe_runs import recipe_run

TINY = {"max_channels": 6, "latent_dim": 5, "mapping_layers": 2}


def build_networks(
    *shape: int, kind: str | None = None, tiny: bool = True, **options: Any
) -> Networks:
    torch.manual_seed(0)
    return build(
        StyleGan2Options(**{**(TINY if tiny else {}), **options}),
        image_shape=ImageShape(*(shape or (3, 16, 16))),
        condition=CONDITIONS[kind],
        requirements=LossRequirements(),
    )


def both(networks: Networks) -> tuple[StyleGan2Generator, StyleGan2Discriminator]:
    generator, discriminator = networks.generator, networks.discriminator
    assert isinstance(generator, StyleGan2Generator)
    assert isinstance(discriminator, StyleGan2Discriminator)
    return generator, discriminator


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def rms(x: Tensor) -> float:
    return float(x.detach().square().mean().sqrt())


def test_parameters_are_as_many_as_published() -> None:
    """The official code of StyleGAN2-ADA logs these numbers at 1024 pixels.

    Its default mapping network of 2 layers makes them 28,794,124 and 29,012,513; configuration F
    has 6 layers of 512 * 513 parameters more.
    """
    with torch.device("meta"):
        generator, discriminator = both(build_networks(3, 1024, 1024, tiny=False))
    assert count(generator) == 28_794_124 + 6 * 512 * 513
    assert count(discriminator) == 29_012_513
    assert count(layers(generator, StyledLayer)[1]) == 2_622_465
    assert count(generator.to_rgb[0]) == 264_195
    assert count(discriminator.conv) == 2_364_416


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("generator", ["skip", "residual"])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 20), (5, 24, 48)])
def test_images_and_scores_have_their_shapes(
    shape: tuple[int, ...], generator: str, kind: str | None
) -> None:
    networks = build_networks(*shape, kind=kind, generator=generator)
    images = draw(networks, 3)
    assert images.shape == (3, *shape)
    assert score(networks, images).shape == (3,)


def test_sizes_that_cannot_be_halved_are_refused() -> None:
    with pytest.raises(ValueError, match="the nearest size is"):
        build_networks(3, 50, 50)


def test_a_loss_that_clips_weights_is_refused() -> None:
    with pytest.raises(ValueError, match="use wgan-gp"):
        build(
            StyleGan2Options(),
            image_shape=ImageShape(3, 16, 16),
            condition=None,
            requirements=LossRequirements(constrained_weights=True),
        )


@pytest.mark.parametrize("kind", ["class", "classes", "vector"])
def test_images_and_scores_depend_on_the_condition(kind: str) -> None:
    require_conditions(build_networks(kind=kind))


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("generator", ["skip", "residual"])
def test_gradients_reach_every_parameter(generator: str, kind: str | None) -> None:
    networks = build_networks(kind=kind, generator=generator)
    score(networks, draw(networks, 4)).sum().backward()
    for network in both(networks):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("up", [True, False])
def test_a_modulated_convolution_is_one_with_weights_of_each_image(
    up: bool, demodulate: bool
) -> None:
    torch.manual_seed(0)
    layer = ModulatedConv(3, 4, 3, 5, up=up, demodulate=demodulate).double()
    x, w = torch.randn(2, 3, 6, 7).double(), torch.randn(2, 5).double()
    expected = []
    for image, style in zip(x, layer.style(w), strict=True):
        weight = style[None, :, None, None] * layer.weight * layer.scale
        if demodulate:
            weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if up:
            large = conv_transpose2d(image[None], weight.transpose(0, 1), stride=2)
            expected.append(Filter().double()(large, padding=1, gain=4.0))
        else:
            expected.append(conv2d(image[None], weight, padding=1))
    torch.testing.assert_close(layer(x, w), torch.cat(expected))


def test_filters_keep_what_is_constant_away_from_the_borders() -> None:
    x = torch.ones(1, 2, 8, 8)
    for filtered in (Filter()(x, padding=2), Filter().upsample(x)):
        torch.testing.assert_close(
            filtered[..., 2:-2, 2:-2], torch.ones_like(filtered)[..., 2:-2, 2:-2]
        )
    assert Filter().upsample(x).shape == (1, 2, 16, 16)


def test_upsampling_is_centered() -> None:
    x = torch.zeros(1, 1, 4, 4)
    x[..., 1, 2] = 1
    rows = Filter().upsample(x)[0, 0].sum(1)
    torch.testing.assert_close(rows / rows.sum() * 8, torch.tensor([0.0, 1, 3, 3, 1, 0, 0, 0]))


def test_demodulation_gives_unit_variance_for_any_style() -> None:
    layer = ModulatedConv(64, 200, 3, 16)
    w = 3 * torch.randn(8, 16, generator=seeded())
    x = torch.randn(8, 64, 10, 10, generator=seeded(2))
    for images in layer(x, w)[..., 1:-1, 1:-1]:
        assert rms(images) == pytest.approx(1, abs=0.15)


def test_initial_activations_of_all_layers_have_a_similar_size() -> None:
    networks = build_networks(3, 32, 32, max_channels=64, latent_dim=64, mapping_layers=8)
    sizes: dict[str, float] = {}
    for network in both(networks):
        for name, module in network.named_modules():
            if isinstance(module, StyledLayer | EqualizedConv | EqualizedLinear):
                key = f"{type(network).__name__}.{name}"
                module.register_forward_hook(
                    lambda _, inputs, output, key=key: sizes.__setitem__(key, rms(output))
                )
    with torch.no_grad():
        images = networks.generator(networks.generator.sample_latents(16, seeded()))
        networks.discriminator(images / images.std())
    assert len(sizes) == 8 + 2 * 7 + 4 + 13
    # Zeros around small maps, and the filters, reduce those of the synthesis network.
    synthesis = {v for k, v in sizes.items() if "Generator.first" in k or "Generator.blocks" in k}
    assert 0.3 < min(synthesis) < max(synthesis) < 1.5, sizes
    others = set(sizes.values()) - synthesis
    # Those of the discriminator's convolutions are after leaky ReLU, and divided by sqrt(2).
    assert 0.5 < min(others) < max(others) < 1.5, sizes


def test_the_mapping_network_learns_a_hundred_times_slower() -> None:
    generator, _ = both(build_networks())
    (first, *_) = layers(generator.mapping, EqualizedLinear)
    latents = generator.sample_latents(64, seeded())
    before = first(latents).detach()
    with torch.no_grad():
        first.bias += 1
    torch.testing.assert_close(first(latents).detach() - before, torch.full_like(before, 0.01))


def test_style_mixing_changes_the_layers_from_a_random_one_on() -> None:
    generator, _ = both(build_networks(style_mixing=0.5))
    latents = generator.sample_training_latents(200, seeded())
    assert latents.shape == (200, 2, 6)
    w = generator.map(latents)
    first, second = (generator.map(latents[:, k, :-1]) for k in (0, 1))
    starts = []
    for image, one, two in zip(w, first, second, strict=True):
        is_first = image.isclose(one, atol=1e-6).all(1).tolist()
        start = is_first.index(False) if False in is_first else generator.count
        torch.testing.assert_close(image, torch.cat((one[:start], two[start:])))
        starts.append(start)
    assert set(starts) == set(range(1, generator.count + 1))
    assert starts.count(generator.count) / 200 == pytest.approx(0.5, abs=0.1)


def test_without_style_mixing_images_have_one_latent() -> None:
    generator, _ = both(build_networks(style_mixing=0.0))
    assert generator.sample_training_latents(3, seeded()).shape == (3, 5)


def use_noise(generator: nn.Module) -> list[Any]:
    """The layers with noise, which is turned on: its strength is 0 at first."""
    found = layers(generator, StyledLayer)
    for layer in found:
        nn.init.constant_(layer.noise_strength, 0.5)
    return found


def test_noise_is_new_in_training_and_depends_on_latents_in_evaluation() -> None:
    generator, _ = both(build_networks())
    use_noise(generator)
    latents = generator.sample_latents(1, seeded()).expand(2, -1)
    with torch.no_grad():
        one, other = generator(latents)
        assert not torch.allclose(one, other)
        generator.eval()
        torch.testing.assert_close(*generator(latents))
        again, _ = both(build_networks())
        again.load_state_dict(generator.state_dict())
        torch.testing.assert_close(again.eval()(latents), generator(latents))
    assert not any("latent_noise" in name for name in generator.state_dict())


@pytest.mark.parametrize("psi", [1.0, 0.7])
def test_in_evaluation_images_share_no_noise(psi: float) -> None:
    """As in training: shared noise would be a pattern that the discriminator never saw."""
    generator, _ = both(build_networks(max_channels=32, latent_dim=64))
    w = generator.map(generator.sample_latents(256, seeded()))
    w = (w.mean(0) + psi * (w - w.mean(0))).detach()
    noise = [layer.latent_noise(w[:, 0]) for layer in use_noise(generator)]
    assert [tuple(maps.shape[1:]) for maps in noise] == [(1, s, s) for s in (4, 8, 8, 16, 16)]
    assert abs(float((noise[1] * noise[2]).mean())) < 0.3  # each layer has its own
    for maps in noise[3:]:
        assert float(maps.square().mean()) == pytest.approx(1, abs=0.2)
        assert float(maps.mean(0).square().mean()) < 0.05


def test_noise_changes_smoothly_with_the_latent() -> None:
    layer = LatentNoise(64, ImageShape(3, 16, 16), 0)
    w = torch.randn(1, 64, generator=seeded())
    steps = torch.stack([layer(w + 0.01 * i) for i in range(3)])
    assert 0 < rms(steps[1] - steps[0]) < 0.2
    torch.testing.assert_close(steps[2] - steps[1], steps[1] - steps[0], atol=0.05, rtol=0)


def test_without_noise_an_image_is_the_same_in_training_and_evaluation() -> None:
    generator, _ = both(build_networks(noise=False))
    latents = generator.sample_latents(2, seeded())
    trained = generator(latents)
    torch.testing.assert_close(generator.eval()(latents), trained)
    assert not any("noise" in name for name, _ in generator.named_parameters())


@pytest.mark.parametrize(("batch", "group"), [(8, 4), (6, 3), (5, 1)])
def test_minibatch_stddev_uses_the_largest_group_that_divides_the_batch(
    batch: int, group: int
) -> None:
    x = torch.randn(batch, 2, 3, 3, generator=seeded())
    added = MinibatchStddev(4)(x)[:, 2]
    for number in range(batch):
        own = x[number // group * group :][:group]
        expected = (own.var(0, correction=0) + 1e-8).sqrt().mean()
        torch.testing.assert_close(added[number], expected.expand(3, 3))


def test_without_minibatch_stddev_scores_are_independent() -> None:
    networks = build_networks(mbstd_group_size=1)
    assert not networks.batch_dependent_scores
    assert build_networks().batch_dependent_scores
    images = torch.randn(4, 3, 16, 16, generator=seeded())
    torch.testing.assert_close(
        networks.discriminator(images)[:1], networks.discriminator(images[:1])
    )


def test_both_networks_are_twice_differentiable() -> None:
    generator, discriminator = both(build_networks(mbstd_group_size=1))
    w = generator.map(generator.sample_latents(2, seeded())).detach().requires_grad_()
    images = torch.randn(2, 3, 16, 16, generator=seeded()).requires_grad_()
    for output, leaf, blocks in (
        (generator.synthesize(w), w, generator.blocks),
        (discriminator(images), images, discriminator.blocks),
    ):
        (gradient,) = torch.autograd.grad(output.sum(), leaf, create_graph=True)
        gradient.square().sum().backward()
        weights = [p for name, p in blocks.named_parameters() if name.endswith("weight")]
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in weights)


def test_bf16_images_and_scores_are_finite_and_near_float32() -> None:
    networks = build_networks()
    networks.generator.eval()
    full = draw(networks, 4)
    with torch.autocast("cpu", torch.bfloat16):
        images = draw(networks, 4)
        scores = score(networks, images)
    assert images.dtype == torch.float32
    assert scores.isfinite().all()
    assert rms(images - full) < 0.05 * rms(full)


def test_the_paper_recipe_has_the_papers_settings() -> None:
    run = recipe_run("stylegan2-paper")
    architecture = run.architecture.options
    assert isinstance(architecture, StyleGan2Options)
    assert (architecture.channel_base, architecture.mapping_layers) == (32768, 8)
    assert (run.data.resolution, run.train.batch_size) == (1024, 32)
    assert (run.train.generator.lr, run.train.generator.betas) == (2e-3, (0.0, 0.99))
    assert run.train.ema.half_life == 10_000
    assert set(run.regularize) == {"r1", "path-length"}


def test_the_small_recipe_has_a_million_parameters_in_each_network() -> None:
    run = recipe_run("stylegan2-small")
    assert set(run.regularize) == {"r1"}
    networks: Networks = run.architecture.build(
        image_shape=ImageShape(3, 32, 32), condition=None, requirements=LossRequirements()
    )
    for network in both(networks):
        assert count(network) == pytest.approx(1.1e6, rel=0.1)
