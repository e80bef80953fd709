"""Builds the networks of Karras et al. 2020."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo import Condition, ImageShape, LossRequirements, Networks
from ganzoo_stylegan2.discriminator import StyleGan2Discriminator
from ganzoo_stylegan2.generator import StyleGan2Generator

if TYPE_CHECKING:
    from ganzoo_stylegan2 import StyleGan2Options

LARGEST_START = 15
"""The largest shorter side of the first feature maps, in pixels."""


def build(
    options: StyleGan2Options,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks; ``mbstd_group_size=1`` removes the minibatch standard deviation layer.

    The first feature maps have the shape of the images, halved as often as their sides are even and
    remain at least 4 pixels.

    Raises ValueError if these would be too large, and if the loss clips weights: the stored weights
    are N(0, 1) before they are scaled.
    """
    if requirements.constrained_weights:
        raise ValueError(
            "the loss clips the discriminator's weights, but they are scaled when used: use wgan-gp"
        )
    stages = image_shape.halved_shapes(largest=LARGEST_START)
    widths = [
        max(1, min(options.channel_base // max(stage.height, stage.width), options.max_channels))
        for stage in stages
    ]
    return Networks(
        generator=StyleGan2Generator(options, stages, widths, condition),
        discriminator=StyleGan2Discriminator(options, stages, widths, condition),
        batch_dependent_scores=options.mbstd_group_size > 1,
    )
