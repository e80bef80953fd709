from __future__ import annotations

import copy
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo
import ganzoo_resnet
from ganzoo import (
    Condition,
    ConditionEmbedding,
    ImageShape,
    LossRequirements,
    Networks,
    RequestError,
)
from ganzoo_resnet import ResnetOptions
from ganzoo_resnet.blocks import DiscriminatorBlock, GeneratorBlock
from ganzoo_resnet.layers import ConditionalBatchNorm, SelfAttention, SpectralNorm
from ganzoo_resnet.networks import ResnetDiscriminator, ResnetGenerator
from tests.plugins.outputs import CONDITIONS, draw, layers, require_conditions, score
from tests.plugins.recipe_runs import recipe_run
from tests.sameness import same
from tests.trials.runs import state


def build_networks(
    height: int = 16,
    width: int | None = None,
    *,
    channels: int = 3,
    condition: Condition | None = None,
    requirements: LossRequirements | None = None,
    **options: Any,
) -> Networks:
    torch.manual_seed(0)
    (spec,) = ganzoo_resnet.ganzoo_architectures()
    networks: Networks = spec.build(
        ResnetOptions(**{"base_channels": 4, "latent_dim": 5, **options}),
        image_shape=ImageShape(channels, height, width or height),
        condition=condition,
        requirements=requirements or LossRequirements(),
    )
    return networks


def both(networks: Networks) -> tuple[ResnetGenerator, ResnetDiscriminator]:
    generator, discriminator = networks.generator, networks.discriminator
    assert isinstance(generator, ResnetGenerator)
    assert isinstance(discriminator, ResnetDiscriminator)
    return generator, discriminator


def full_size(side: int, **options: Any) -> tuple[ResnetGenerator, ResnetDiscriminator]:
    paper: dict[str, Any] = {"base_channels": 64, "latent_dim": 128, "spectral_norm": False}
    with torch.device("meta"):
        return both(build_networks(side, **paper, **options))


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


# Miyato et al. 2018, tables of the appendix; 64 pixels as in kwotsin/mimicry.
TABLES = {
    32: ((4, [256, 256, 256, 256]), ([128, 128, 128, 128], 2)),
    48: ((6, [512, 256, 128, 64]), ([64, 128, 256, 512, 1024], 4)),
    64: ((4, [1024, 512, 256, 128, 64]), ([64, 128, 256, 512, 1024], 5)),
    128: ((4, [1024, 1024, 512, 256, 128, 64]), ([64, 128, 256, 512, 1024, 1024], 5)),
    256: ((4, [1024, 1024, 1024, 512, 256, 128, 64]), ([64, 128, 256, 512, *[1024] * 3], 6)),
}
"""By side: the generator's first side and widths, and the discriminator's widths and halvings.

256 pixels are not in the paper: both tables are continued.
"""


@pytest.mark.parametrize("side", TABLES)
def test_widths_and_halvings_are_those_of_the_papers_tables(side: int) -> None:
    (first, widths), (down, halvings) = TABLES[side]
    generator, discriminator = full_size(side)
    assert generator.maps == (widths[0], first, first)
    made = layers(generator, GeneratorBlock)
    assert [block.conv2.out_channels for block in made] == widths[1:]
    blocks = layers(discriminator, DiscriminatorBlock)
    assert [block.conv2.out_channels for block in blocks] == down
    assert [block.halves for block in blocks] == [n < halvings for n in range(len(down))]


def test_numbers_of_parameters_are_those_of_the_tables_for_cifar10() -> None:
    generator, discriminator = full_size(32)
    block = 2 * (256 * 256 * 9 + 256) + (256 * 256 + 256) + 2 * 2 * 256
    dense, last = 128 * 4096 + 4096, 2 * 256 + 256 * 3 * 9 + 3
    assert parameters(generator) == dense + 3 * block + last == 4_276_739
    conv, image, down = 128 * 128 * 9 + 128, 3 * 128 * 9 + 128 + 3 * 128 + 128, 128 * 128 + 128
    assert parameters(discriminator) == image + conv + 6 * conv + down + 129 == 1_053_825


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize(
    ("channels", "height", "width"),
    [(1, 8, 8), (3, 28, 28), (5, 24, 40), (1, 48, 40), (3, 36, 36), (5, 96, 64)],
)
def test_images_and_scores_have_the_right_shape(
    channels: int, height: int, width: int, kind: str | None
) -> None:
    networks = build_networks(
        height, width, channels=channels, condition=CONDITIONS[kind], base_channels=1
    )
    images = draw(networks, 2)
    assert images.shape == (2, channels, height, width)
    assert images.abs().max() <= 1
    assert score(networks, images).shape == (2,)


@pytest.mark.parametrize("widths", ["doubling", "constant"])
def test_the_rule_of_widths_can_be_chosen(widths: str) -> None:
    generator, discriminator = both(build_networks(64, widths=widths))
    constant = widths == "constant"
    assert generator.maps[0] == (4 * 4 if constant else 16 * 4)
    assert discriminator.score.in_features == (2 * 4 if constant else 16 * 4)
    assert generator.norm.num_features == (4 * 4 if constant else 4)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((37, 37), "cannot make images of 37 x 37 pixels: width and height must be multiples of 4"),
        ((250, 250), "the nearest size is 256 x 256"),
    ],
)
def test_sizes_that_no_doubling_reaches_are_refused(size: tuple[int, int], message: str) -> None:
    with pytest.raises(RequestError, match="architecture resnet: ") as caught:
        build_networks(*size)
    assert message in str(caught.value)


@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize("kind", CONDITIONS)
def test_gradients_reach_every_parameter(kind: str | None, spectral_norm: bool) -> None:
    networks = build_networks(condition=CONDITIONS[kind], attention=8, spectral_norm=spectral_norm)
    for network in both(networks):
        for attention in layers(network, SelfAttention):
            nn.init.ones_(attention.gamma)  # at 0 its other weights have no gradient
    score(networks, draw(networks, 4)).square().sum().backward()
    for network in both(networks):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
            assert parameter.grad.any(), name


@pytest.mark.parametrize("kind", ["class", "classes", "vector"])
def test_conditions_change_images_and_scores(kind: str) -> None:
    require_conditions(build_networks(condition=CONDITIONS[kind]))


def test_a_condition_gives_gain_and_shift_of_batch_norm() -> None:
    norm = ConditionalBatchNorm(3, CONDITIONS["class"])
    assert norm.embed is not None
    x, labels = torch.randn(5, 3, 4, 4), torch.tensor([0, 1, 2, 3, 3])
    plain = nn.BatchNorm2d(3)(x)
    a, b = norm.embed.weight[labels].chunk(2, dim=1)
    expected = plain * (1 + a[:, :, None, None]) + b[:, :, None, None]
    torch.testing.assert_close(norm(x, labels), expected)
    assert norm.embed.weight.std().item() == pytest.approx(0.02, rel=0.5)


def test_the_condition_is_projected_on_the_pooled_features() -> None:
    networks = build_networks(condition=CONDITIONS["class"], spectral_norm=False)
    discriminator = both(networks)[1]
    features: list[Tensor] = []
    discriminator.score.register_forward_pre_hook(lambda _, inputs: features.append(inputs[0]))
    images = torch.rand(5, 3, 16, 16)
    scores = score(networks, images)
    maps = discriminator.blocks(images).relu()
    torch.testing.assert_close(features[0], maps.sum(dim=(2, 3)))
    assert discriminator.embed is not None
    vectors = discriminator.score.weight + discriminator.embed.weight
    expected = torch.stack([vectors[i % 4] @ phi for i, phi in enumerate(features[0])])
    torch.testing.assert_close(scores, expected)


def test_pooling_can_be_the_mean() -> None:
    images = torch.rand(2, 3, 16, 16)
    total, mean = (
        both(build_networks(pooling=pooling, spectral_norm=False))[1](images)
        for pooling in ("sum", "mean")
    )
    torch.testing.assert_close(total, mean * 4 * 4)  # the bias is 0 at first


@pytest.mark.parametrize("kind", CONDITIONS)
def test_every_layer_of_the_discriminator_gets_the_spectral_norm_1(kind: str | None) -> None:
    networks = build_networks(condition=CONDITIONS[kind], attention=8)
    generator, discriminator = both(networks)
    weighted = layers(discriminator, nn.Conv2d, nn.Linear, ConditionEmbedding)
    assert len(weighted) == 4 * 2 + 2 + 4 + 1 + bool(kind)  # blocks, shortcuts, attention, score
    with torch.no_grad():
        for layer in weighted:
            nn.init.normal_(layer.parametrizations.weight.original, std=3)
            for _ in range(100):  # each use is a step of the power iteration
                weight = layer.weight
            sigma = torch.linalg.matrix_norm(weight.flatten(1), ord=2)
            assert sigma.item() == pytest.approx(1, abs=0.02)
    assert not layers(generator, SpectralNorm)


def test_the_gradient_includes_that_of_the_singular_value() -> None:
    weight = torch.randn(6, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    norm = SpectralNorm(weight).double()
    for _ in range(1000):  # only the singular vectors themselves have no effect on the gradient
        norm(weight)
    assert torch.autograd.gradcheck(norm.eval(), weight)


def test_the_power_iteration_depends_on_weights_and_the_number_of_passes_only() -> None:
    # So all processes have the same u, and their mean changes nothing.
    one = both(build_networks())[1]
    other = copy.deepcopy(one)
    for _ in range(3):
        one(torch.rand(2, 3, 16, 16))
        other(torch.rand(5, 3, 16, 16))
    buffers = dict(other.named_buffers())
    assert buffers
    assert all(torch.equal(buffers[name], u) for name, u in one.named_buffers())
    other.eval()(torch.rand(2, 3, 16, 16))
    assert all(torch.equal(buffers[name], u) for name, u in one.named_buffers())
    other.train()(torch.rand(2, 3, 16, 16))
    assert not all(torch.equal(buffers[name], u) for name, u in one.named_buffers())


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        (LossRequirements(), True),
        (LossRequirements(independent_scores=True), False),
        (LossRequirements(constrained_weights=True), False),
    ],
)
def test_spectral_norm_is_used_unless_the_loss_limits_the_discriminator(
    requirements: LossRequirements, expected: bool
) -> None:
    networks = build_networks(requirements=requirements)
    assert bool(layers(networks.discriminator, SpectralNorm)) is expected
    off = build_networks(requirements=requirements, spectral_norm=False)
    assert not layers(off.discriminator, SpectralNorm)


def test_spectral_norm_can_be_used_with_a_gradient_penalty_but_not_with_clipped_weights() -> None:
    penalty = LossRequirements(independent_scores=True)
    networks = build_networks(requirements=penalty, spectral_norm=True)
    assert layers(networks.discriminator, SpectralNorm)
    with pytest.raises(RequestError, match="set spectral_norm=false"):
        build_networks(requirements=LossRequirements(constrained_weights=True), spectral_norm=True)


def test_the_discriminator_has_no_batch_statistics() -> None:
    networks = build_networks(attention=8)
    discriminator = networks.discriminator.eval()
    images = torch.rand(4, 3, 16, 16)
    changed = torch.cat((images[:1], -images[1:]))
    torch.testing.assert_close(discriminator(images)[0], discriminator(changed)[0])
    assert not networks.batch_dependent_scores


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_a_gradient_penalty_has_a_gradient(spectral_norm: bool) -> None:
    networks = build_networks(
        condition=CONDITIONS["class"], attention=8, spectral_norm=spectral_norm
    )
    discriminator = both(networks)[1]
    for attention in layers(discriminator, SelfAttention):
        nn.init.ones_(attention.gamma)
    images = torch.rand(4, 3, 16, 16, requires_grad=True)
    scores = score(networks, images)
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    gradient.square().sum().backward()
    for name, parameter in discriminator.named_parameters():
        if "weight" in name:
            assert parameter.grad is not None, name
            assert parameter.grad.any(), name


def test_self_attention_equals_a_loop() -> None:
    attention = SelfAttention(16)
    x = torch.randn(2, 16, 6, 4)
    assert torch.equal(attention(x), x)  # gamma is 0 at first
    nn.init.constant_(attention.gamma, 0.5)
    made = attention(x)
    query, key, value = attention.query(x), attention.key(x), attention.value(x)
    key, value = (nn.functional.max_pool2d(maps, 2).flatten(2) for maps in (key, value))
    expected = x.clone()
    for n in range(2):
        for row in range(6):
            for column in range(4):
                weights = (query[n, :, row, column] @ key[n]).softmax(dim=0)
                mean = value[n] @ weights
                o = attention.out(mean.view(1, 8, 1, 1)).flatten()
                expected[n, :, row, column] += 0.5 * o
    torch.testing.assert_close(made, expected)


def test_self_attention_is_twice_differentiable() -> None:
    attention = SelfAttention(8).double()
    nn.init.ones_(attention.gamma)
    x = torch.randn(1, 8, 2, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(attention, x)


def test_both_networks_attend_to_feature_maps_of_the_chosen_height() -> None:
    generator, discriminator = full_size(128, attention=32)
    attends = [bool(layers(block, SelfAttention)) for block in layers(generator, GeneratorBlock)]
    assert attends == [False, False, True, False, False]
    blocks = layers(discriminator, DiscriminatorBlock)
    attends = [bool(layers(block, SelfAttention)) for block in blocks]
    assert attends == [False, True, False, False, False, False]
    with pytest.raises(RequestError, match=r"attention=10: .* 32 x 32 .* have are 8, 16$"):
        build_networks(32, attention=10)


def test_initial_weights_are_those_of_glorot_with_gain_root_2_in_residual_blocks() -> None:
    generator, discriminator = both(build_networks(32, base_channels=32, spectral_norm=False))
    for block in (*layers(generator, GeneratorBlock), *layers(discriminator, DiscriminatorBlock)):
        for conv in (block.conv1, block.conv2):
            fan = 9 * (conv.in_channels + conv.out_channels)
            expected = sqrt(2) * sqrt(2 / fan)
            assert conv.weight.std().item() == pytest.approx(expected, rel=0.1)
            assert not conv.bias.any()
    weight = generator.project.weight
    assert weight.std().item() == pytest.approx(sqrt(2 / sum(weight.shape)), rel=0.1)


def test_networks_run_in_half_precision() -> None:
    networks = build_networks(condition=CONDITIONS["class"], attention=8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores = score(networks, draw(networks, 2))
    scores.sum().backward()
    discriminator = both(networks)[1]
    assert {u.dtype for u in discriminator.buffers()} == {torch.float32}
    for network in both(networks):
        assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_spectral_norm_and_attention_resume_exactly(tmp_path: Path) -> None:
    def train(folder: str, steps: int) -> None:
        ganzoo.train(
            recipe="resnet-small",
            steps=steps,
            resolution=16,
            batch_size=4,
            run_dir=tmp_path / folder,
            device="cpu",
            quiet=True,
            settings={
                "dataset.count": 20,
                "data.conditional": True,
                "architecture.base_channels": 2,
                "architecture.attention": 8,
                "sample.count": 4,
            },
        )

    train("straight", 6)
    train("halved", 3)
    ganzoo.resume(tmp_path / "halved", steps=6, quiet=True)
    halved, straight = (state(tmp_path / folder) for folder in ("halved", "straight"))
    assert same(halved, straight)
    assert any(key.endswith("weight.0.u") for key in straight)


@pytest.mark.parametrize("name", ["resnet-paper", "resnet-wgan-gp"])
def test_the_recipes_of_the_papers_have_their_optimizers(name: str) -> None:
    train = recipe_run(name).train
    assert (train.batch_size, train.discriminator.steps, train.steps) == (64, 5, 100_000)
    for network in (train.generator, train.discriminator):
        assert tuple(network.betas) == (0.0, 0.9)
        assert network.lr == 2e-4


def test_the_recipe_of_wgan_gp_has_the_papers_networks() -> None:
    run = recipe_run("resnet-wgan-gp")
    requirements = LossRequirements(independent_scores=True)
    with torch.device("meta"):
        networks = run.architecture.build(
            image_shape=ImageShape(3, 32, 32), condition=None, requirements=requirements
        )
    generator, discriminator = both(networks)
    # Gulrajani et al. 2017, appendix, networks for CIFAR-10: 128 maps everywhere.
    assert generator.maps == (128, 4, 4)
    assert {block.conv2.out_channels for block in layers(generator, GeneratorBlock)} == {128}
    blocks = layers(discriminator, DiscriminatorBlock)
    assert [(block.conv2.out_channels, block.halves) for block in blocks] == [
        *[(128, True)] * 2,
        *[(128, False)] * 2,
    ]
    assert discriminator.pooling == "mean"
