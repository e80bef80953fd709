"""The generator and discriminator of projected GANs (Sauer et al. 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo import Condition, ImageShape, LossRequirements, Networks
from ganzoo_projected.discriminator import ProjectedDiscriminator
from ganzoo_projected.generator import ProjectedGenerator

if TYPE_CHECKING:
    from ganzoo_projected import ProjectedOptions


def build(
    options: ProjectedOptions,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks.

    Raises ValueError for a size that cannot be halved, and RequestError if the trained features
    are not installed.
    """
    norm = requirements.norm(options.norm)
    return Networks(
        generator=ProjectedGenerator(options, image_shape, condition),
        discriminator=ProjectedDiscriminator(options, image_shape, condition, norm),
    )
