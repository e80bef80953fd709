"""The plugin passes ganzoo's checks, and its networks fit many kinds of images."""

from __future__ import annotations

import ganzoo_sngan
import pytest
import torch
from ganzoo_sngan.networks import build

from ganzoo import ImageShape, LossRequirements, SpectralConv
from ganzoo.testing import check_plugin
from ganzoo.testing.fixtures import TinyRun


def test_plugin_passes_the_checks() -> None:
    """The networks are right without a condition and with conditions of all kinds."""
    check_plugin(ganzoo_sngan, options={"sngan": {"base_channels": 4, "latent_dim": 4}})


def test_a_run_with_the_networks_resumes_exactly(tiny_run: TinyRun) -> None:
    """Four steps are the same as two, and two more after a resume."""
    tiny_run(ganzoo_sngan, architecture="sngan", settings={"architecture.base_channels": 4})


@pytest.mark.parametrize("size", [(1, 28, 28), (3, 48, 64), (2, 32, 32)])
def test_images_of_other_sizes_and_channels(size: tuple[int, int, int]) -> None:
    """Gray images, images that are not square, and two channels."""
    options = ganzoo_sngan.SnganOptions(base_channels=4, latent_dim=4)
    requirements = LossRequirements()
    networks = build(
        options, image_shape=ImageShape(*size), condition=None, requirements=requirements
    )
    images = networks.generator(networks.generator.sample_latents(2, torch.Generator()))
    assert images.shape == (2, *size)
    assert networks.discriminator(images).shape == (2,)


def test_weights_of_the_discriminator_have_a_spectral_norm_of_1() -> None:
    """The largest singular value of each layer's weight is near 1 after some forward passes."""
    torch.manual_seed(0)
    networks = build(
        ganzoo_sngan.SnganOptions(base_channels=4),
        image_shape=ImageShape(3, 16, 16),
        condition=None,
        requirements=LossRequirements(),
    )
    for _ in range(20):
        networks.discriminator(torch.zeros(1, 3, 16, 16))
    layers = [each for each in networks.discriminator.modules() if isinstance(each, SpectralConv)]
    assert len(layers) == 6
    for layer in layers:
        norm = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
        assert norm.item() == pytest.approx(1, abs=0.02)


def test_a_loss_that_clips_weights_is_refused() -> None:
    """Clipping has no effect on weights that are normalized when they are used."""
    with pytest.raises(ValueError, match="clips weights"):
        build(
            ganzoo_sngan.SnganOptions(),
            image_shape=ImageShape(3, 16, 16),
            condition=None,
            requirements=LossRequirements(constrained_weights=True),
        )
