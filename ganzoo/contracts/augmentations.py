"""What the factory of an augmentation returns."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor

from ganzoo.contracts.images import ImageShape
from ganzoo.contracts.steps import RealImages, Step

ApplyTo = Literal["real", "all"]
"""Which images an augmentation changes.

``"real"``: real images, before they are used (data augmentation). ``"all"``: real and generated
images, whenever the discriminator gets them.
"""


@runtime_checkable
class GeometricAugmentation(Protocol):
    """An affine transformation. All of a run are multiplied into one and applied first."""

    @property
    def apply_to(self) -> ApplyTo:
        """Which images it changes."""
        ...

    def sample_affine(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Sample ``n`` affine matrices, float32 (n, 3, 3), on the device of ``random``.

        A matrix maps a point (x, y, 1) of the image to its new position. The origin is the center,
        x points right, y points down, and the unit is half of the image's height: y runs from -1
        to 1, x from -``image_shape.aspect`` to ``image_shape.aspect``, which is width / height.
        """
        ...


@runtime_checkable
class ColorAugmentation(Protocol):
    """An affine map of colors. All of a run are multiplied into one and applied second."""

    @property
    def apply_to(self) -> ApplyTo:
        """Which images it changes."""
        ...

    def sample_color_matrix(self, n: int, channels: int, random: torch.Generator) -> Tensor:
        """Sample ``n`` affine maps of a pixel's C = ``channels`` values in [-1, 1].

        float32 (n, C + 1, C + 1), on the device of ``random``. A map is multiplied with the column
        (c_1, ..., c_C, 1); its last row is (0, ..., 0, 1).
        """
        ...


@runtime_checkable
class PixelAugmentation(Protocol):
    """Any other differentiable change of images. They are applied last, one after the other."""

    @property
    def apply_to(self) -> ApplyTo:
        """Which images it changes."""
        ...

    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Sample the random numbers for ``n`` images, (n, ...), on the device of ``random``."""
        ...

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        """The changed images: same shape, dtype and device as ``images`` (N, C, H, W).

        ``parameters`` are those of these N images. Gradients must flow to ``images``.
        """
        ...


@runtime_checkable
class RealImageReplacement(Protocol):
    """Other images in place of some real ones, whenever the discriminator is updated.

    They replace images that the augmentations of real images have changed already, in each phase
    that updates the discriminator, also in phases of regularizers.
    """

    @property
    def apply_to(self) -> ApplyTo:
        """``"real"``."""
        ...

    def replace_real(self, step: Step, real: RealImages) -> Tensor:
        """The images that the discriminator gets as real ones, with the shape of ``real.images``.

        Row i must fit row i of ``real.condition``, which does not change. Gradients are not used.
        Do not read ``step.real`` or ``step.scores``, which do not exist yet.
        """
        ...


Augmentation = GeometricAugmentation | ColorAugmentation | PixelAugmentation | RealImageReplacement
"""Any of the four kinds of augmentations."""
