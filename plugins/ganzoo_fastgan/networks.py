"""The generator and discriminator of FastGAN (Liu et al. 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo import Condition, ImageShape, LossRequirements, Networks
from ganzoo_fastgan.discriminator import FastganDiscriminator
from ganzoo_fastgan.generator import FastganGenerator

if TYPE_CHECKING:
    from ganzoo_fastgan import FastganOptions


def build(
    options: FastganOptions,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks.

    Raises ValueError for sizes that cannot be halved to 8 to 15 pixels.
    """
    discriminator = FastganDiscriminator(
        options, image_shape, condition, requirements.norm(options.norm)
    )
    return Networks(
        generator=FastganGenerator(options, image_shape, condition), discriminator=discriminator
    )
