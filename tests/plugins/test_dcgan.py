from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo_dcgan
from ganzoo import ImageShape, LossRequirements, Networks, RequestError
from ganzoo_dcgan import DcganOptions
from ganzoo_dcgan.layers import DownsamplingConv, UpsamplingConv
from ganzoo_dcgan.networks import build
from tests.plugins.outputs import CONDITIONS, draw, layers, require_conditions, score

INDEPENDENT = LossRequirements(independent_scores=True)


def build_networks(
    size: int | tuple[int, int] = 16,
    colors: int = 3,
    requirements: LossRequirements = INDEPENDENT,
    kind: str | None = None,
    **options: Any,
) -> Networks:
    torch.manual_seed(0)
    options = {"base_channels": 8, "latent_dim": 6, **options}
    image = ImageShape(colors, *((size, size) if isinstance(size, int) else size))
    return build(
        DcganOptions(**options),
        image_shape=image,
        condition=CONDITIONS[kind],
        requirements=requirements,
    )


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("norm", ["auto", "batch", "layer", "none"])
@pytest.mark.parametrize("head", ["conv", "dense"])
@pytest.mark.parametrize("kernel", [4, 5])
def test_images_scores_and_gradients_are_well_formed(
    kernel: int, head: str, norm: str, kind: str | None
) -> None:
    networks = build_networks(
        requirements=LossRequirements(),
        kernel_size=kernel,
        head=head,
        norm=norm,
        kind=kind,
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


SHAPES = {
    (8, 8): (4, 4),
    (256, 256): (4, 4),
    (28, 28): (7, 7),
    (60, 60): (15, 15),
    (64, 48): (8, 6),
    (16, 64): (4, 16),
    (30, 44): (15, 22),
}
"""Height and width of images, and of the smallest feature maps."""


@pytest.mark.parametrize("kind", CONDITIONS)
@pytest.mark.parametrize("head", ["conv", "dense"])
@pytest.mark.parametrize(("size", "start"), SHAPES.items())
def test_images_start_from_the_smallest_half_of_their_shape(
    size: tuple[int, int], start: tuple[int, int], head: str, kind: str | None
) -> None:
    networks = build_networks(size, head=head, base_channels=2, kind=kind)
    images = draw(networks, 2)
    assert images.shape == (2, 3, *size)
    assert score(networks, images).shape == (2,)
    (unflatten,) = layers(networks.generator, nn.Unflatten)
    assert unflatten.unflattened_size[1:] == start


@pytest.mark.parametrize("kernel", [4, 5])
@pytest.mark.parametrize("colors", [1, 3, 5])
def test_every_number_of_channels_is_supported(colors: int, kernel: int) -> None:
    networks = build_networks((16, 24), colors, kernel_size=kernel, base_channels=2)
    images = draw(networks, 2)
    assert images.shape == (2, colors, 16, 24)
    assert score(networks, images).shape == (2,)


def test_layers_for_squares_start_from_4_x_4_as_in_the_paper() -> None:
    networks = build_networks(32)
    up = layers(networks.generator, nn.Linear, nn.ConvTranspose2d)
    drawn = [tuple(layer.weight.shape) for layer in up]
    assert drawn == [(32 * 4 * 4, 6), (32, 16, 4, 4), (16, 8, 4, 4), (8, 3, 4, 4)]
    down = [tuple(layer.weight.shape) for layer in layers(networks.discriminator, nn.Conv2d)]
    assert down == [(8, 3, 4, 4), (16, 8, 4, 4), (32, 16, 4, 4), (1, 32, 4, 4)]


def test_channels_double_with_each_halving_up_to_eight_times() -> None:
    networks = build_networks(256)
    down = [conv.out_channels for conv in layers(networks.discriminator, nn.Conv2d)]
    up = [conv.out_channels for conv in layers(networks.generator, nn.ConvTranspose2d)]
    assert down == [8, 16, 32, 64, 64, 64, 1]
    assert up == [64, 64, 32, 16, 8, 3]


def test_first_and_last_layers_have_no_norm_and_layers_with_norm_no_bias() -> None:
    networks = build_networks(32, requirements=LossRequirements())
    critic = layers(networks.discriminator, nn.Conv2d, nn.BatchNorm2d)
    assert [type(layer).__name__ for layer in critic] == [
        "DownsamplingConv",
        *["DownsamplingConv", "BatchNorm2d"] * 2,
        "Conv2d",
    ]
    biases = [layer.bias is not None for layer in layers(networks.discriminator, nn.Conv2d)]
    assert biases == [True, False, False, True]
    drawn = layers(networks.generator, nn.ConvTranspose2d, nn.BatchNorm2d)
    assert isinstance(drawn[-1], nn.ConvTranspose2d)
    biases = [layer.bias is not None for layer in layers(networks.generator, nn.ConvTranspose2d)]
    assert biases == [False, False, True]


@pytest.mark.parametrize("head", ["conv", "dense"])
def test_without_bias_the_layers_without_norm_have_none(head: str) -> None:
    networks = build_networks(32, requirements=LossRequirements(), bias=False, head=head)
    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    for network in (networks.generator, networks.discriminator):
        assert all(layer.bias is None for layer in layers(network, *kinds))


def test_initial_weights_are_those_of_the_paper() -> None:
    networks = build_networks(64, requirements=LossRequirements(), base_channels=32, latent_dim=100)
    for network in (networks.generator, networks.discriminator):
        for layer in layers(network, nn.Conv2d, nn.ConvTranspose2d, nn.Linear):
            assert layer.weight.mean().item() == pytest.approx(0, abs=0.002)
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.1)
            assert layer.bias is None or not layer.bias.any()
        gains = torch.cat([layer.weight for layer in layers(network, nn.BatchNorm2d)])
        assert gains.mean().item() == pytest.approx(1, abs=0.005)
        assert gains.std().item() == pytest.approx(0.02, rel=0.2)


def test_no_layer_works_in_place() -> None:
    discriminator = build_networks().discriminator
    assert not any(getattr(layer, "inplace", False) for layer in discriminator.modules())


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
    assert [type(layer) for layer in norms] == [kind, kind]
    assert len(layers(networks.generator, nn.BatchNorm2d)) == 3


def test_layer_norm_is_over_channels_and_pixels_with_a_gain_per_channel() -> None:
    (norm,) = layers(build_networks(16).discriminator, nn.GroupNorm)
    x = torch.randn(3, 16, 4, 4)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2)
        expected = nn.functional.layer_norm(x, x.shape[1:]) * norm.weight[:, None, None]
        torch.testing.assert_close(norm(x), expected)


@pytest.mark.parametrize("norm", ["auto", "layer", "none"])
def test_scores_are_independent_of_the_batch_if_the_loss_needs_it(norm: str) -> None:
    networks = build_networks(32, norm=norm)
    images = torch.rand(5, 3, 32, 32) * 2 - 1
    alone = torch.cat([networks.discriminator(image[None]) for image in images])
    torch.testing.assert_close(networks.discriminator(images), alone, atol=1e-6, rtol=1e-4)


def test_batch_norm_warns_if_the_loss_needs_independent_scores() -> None:
    with pytest.warns(UserWarning, match="depend on its batch"):
        networks = build_networks(32, norm="batch")
    images = torch.rand(5, 3, 32, 32) * 2 - 1
    scores = networks.discriminator(images)
    fewer = networks.discriminator(images[:4])
    assert (scores[:4] - fewer).abs().min() > 1e-4


def test_both_heads_compute_the_same_function() -> None:
    conv, dense = (
        build_networks(head="conv").discriminator,
        build_networks(head="dense").discriminator,
    )
    state = zip(dense.state_dict().items(), conv.state_dict().values(), strict=True)
    dense.load_state_dict({name: value.reshape(own.shape) for (name, own), value in state})
    images = torch.rand(3, 3, 16, 16)
    torch.testing.assert_close(dense(images), conv(images))


def test_dropout_applies_to_the_discriminators_input_in_training_mode() -> None:
    networks = build_networks(dropout=0.5)
    seen: list[Tensor] = []
    first = layers(networks.discriminator, nn.Conv2d)[0]
    first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    images = torch.ones(8, 3, 16, 16)
    networks.discriminator(images)
    networks.discriminator.eval()
    networks.discriminator(images)
    assert (seen[0] == 0).float().mean().item() == pytest.approx(0.5, abs=0.05)
    assert torch.equal(seen[1], images)


@pytest.mark.parametrize("kind", ["class", "classes", "vector"])
def test_conditions_change_images_and_scores(kind: str) -> None:
    require_conditions(build_networks(kind=kind))


@pytest.mark.parametrize(
    ("height", "width", "nearest"), [(7, 7, "8 x 8"), (37, 37, "36 x 36"), (37, 64, "64 x 36")]
)
def test_sizes_that_cannot_be_halved_are_refused_with_the_nearest_one(
    height: int, width: int, nearest: str
) -> None:
    (spec,) = ganzoo_dcgan.ganzoo_architectures()
    with pytest.raises(RequestError) as caught:
        spec.build(
            spec.options(),
            image_shape=ImageShape(3, height, width),
            condition=None,
            requirements=LossRequirements(),
        )
    message = str(caught.value)
    assert message.startswith(f"architecture dcgan: cannot make images of {width} x {height}")
    assert message.endswith(f"the nearest size is {nearest}")
    assert "\n" not in message


def test_latents_depend_on_the_random_generator_only() -> None:
    generator = build_networks().generator
    first = generator.sample_latents(3, torch.Generator().manual_seed(5))
    torch.manual_seed(99)
    again = generator.sample_latents(3, torch.Generator().manual_seed(5))
    assert first.shape == (3, 6)
    assert first.dtype == torch.float32
    assert torch.equal(first, again)
    before = torch.get_rng_state()
    generator.sample_latents(3, torch.Generator())
    assert torch.equal(torch.get_rng_state(), before)


def test_latents_are_normal() -> None:
    latents = build_networks(latent_dim=100).generator.sample_latents(
        500, torch.Generator().manual_seed(0)
    )
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


@pytest.mark.parametrize("kernel", [4, 5])
@pytest.mark.parametrize("channels", [1, 3, 8])
@pytest.mark.parametrize("kind", ["down", "up"])
def test_convolutions_next_to_images_are_those_of_torch(
    kind: str, channels: int, kernel: int
) -> None:
    torch.manual_seed(0)
    if kind == "down":
        layer: nn.Module = DownsamplingConv(channels, 5, kernel, bias=True)
        plain: nn.Module = nn.Conv2d(channels, 5, kernel, 2, (kernel - 1) // 2)
        x = torch.randn(2, channels, 8, 12, dtype=torch.float64, requires_grad=True)
    else:
        layer = UpsamplingConv(5, channels, kernel, bias=True)
        plain = nn.ConvTranspose2d(5, channels, kernel, 2, (kernel - 1) // 2, kernel % 2)
        x = torch.randn(2, 5, 4, 6, dtype=torch.float64, requires_grad=True)
    plain.load_state_dict(layer.state_dict())
    for ours, theirs in zip(derivatives(layer, x), derivatives(plain, x), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(layer(x.detach()), layer(x), rtol=1e-12, atol=1e-12)


def derivatives(layer: nn.Module, x: Tensor) -> list[Tensor]:
    """The output, its first derivatives, and those of a penalty of the gradient by x."""
    layer = layer.double()
    output = layer(x)
    parameters = list(layer.parameters())
    total = output.square().sum()
    gradients = torch.autograd.grad(total, [x, *parameters], create_graph=True)
    second = torch.autograd.grad(gradients[0].square().sum(), [x, *parameters])
    return [output, *gradients, *second]
