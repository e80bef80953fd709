"""Augmentations applied together, at the cost of one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import torch
from torch import Tensor

from ganzoo.augment.warp import warp
from ganzoo.contracts import (
    Augment,
    ColourAugment,
    GeometricAugment,
    ImageShape,
    PixelAugment,
    Placement,
)
from ganzoo.share import WHOLE, Share


class Pipeline:
    """Augmentations in the order given: one warp, one colour matrix, then pixel operations."""

    def __init__(self, augments: Iterable[Augment]) -> None:
        augments = tuple(augments)
        self._geometric = [each for each in augments if isinstance(each, GeometricAugment)]
        self._colour = [each for each in augments if isinstance(each, ColourAugment)]
        self._pixel = [each for each in augments if isinstance(each, PixelAugment)]

    @classmethod
    def of(cls, augments: Iterable[Augment], placement: Placement) -> Pipeline:
        """Those of the augmentations that have this placement."""
        return cls(each for each in augments if each.placement == placement)

    def __call__(self, images: Tensor, random: torch.Generator, share: Share = WHOLE) -> Tensor:
        """The augmented pictures: same shape, dtype, device and memory format.

        ``images`` (N, C, H, W) are this process's ``share`` of the global batch. What happens to
        a picture depends on its place in the global batch and not on how many processes hold it.
        Differentiable twice. Without augmentations, the same tensor.
        """
        n, channels, height, width = images.shape
        everywhere = n * share.count
        channels_last = images.is_contiguous(memory_format=torch.channels_last)
        # Half precision is too coarse for where a pixel lies, and cannot invert a matrix.
        with torch.autocast(images.device.type, enabled=False):
            if self._geometric:
                warps = [each.warp(everywhere, width / height, random) for each in self._geometric]
                images = warp(images, share.of(_composed(warps)))
            if self._colour:
                maps = [each.recolour(everywhere, channels, random) for each in self._colour]
                images = recolour(images, share.of(_composed(maps)))
            for each in self._pixel:
                drawn = each.draw(everywhere, ImageShape(channels, height, width), random)
                images = each.apply(images, share.of(drawn))
        return images.contiguous(memory_format=torch.channels_last) if channels_last else images


def recolour(images: Tensor, matrices: Tensor) -> Tensor:
    """Pictures (N, C, H, W) whose pixels have gone through affine maps (N, C + 1, C + 1)."""
    channels = images.shape[1]
    matrices = matrices.to(images.dtype)
    mixing, offset = matrices[:, :channels, :channels], matrices[:, :channels, channels:]
    return torch.baddbmm(offset, mixing, images.flatten(2)).view(images.shape)


def _composed(matrices: Iterable[Tensor]) -> Tensor:
    """The maps one after the other, as one."""
    return reduce(lambda earlier, later: later @ earlier, matrices)
