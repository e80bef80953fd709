"""Augmentations applied together, at the cost of one."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import reduce
from itertools import chain, repeat

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
from ganzoo.errors import ContractError
from ganzoo.share import WHOLE, Share
from ganzoo.structure import require_tensor

Code = AbstractContextManager[None]
_UNKNOWN: Code = nullcontext()


class Pipeline:
    """Augmentations in the order given: one warp, one colour matrix, then pixel operations.

    An error of an augmentation goes through the one of ``codes`` that has its place.
    """

    def __init__(self, augments: Iterable[Augment], codes: Iterable[Code] = ()) -> None:
        pairs = _paired(augments, codes)
        self._geometric = [(a, code) for a, code in pairs if isinstance(a, GeometricAugment)]
        self._colour = [(a, code) for a, code in pairs if isinstance(a, ColourAugment)]
        self._pixel = [(a, code) for a, code in pairs if isinstance(a, PixelAugment)]

    @classmethod
    def of(
        cls, augments: Iterable[Augment], placement: Placement, codes: Iterable[Code] = ()
    ) -> Pipeline:
        """Those of the augmentations that have this placement."""
        mine = [pair for pair in _paired(augments, codes) if pair[0].placement == placement]
        return cls((augment for augment, _ in mine), (code for _, code in mine))

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
                aspect = width / height
                warps = [_warp(each, everywhere, aspect, random) for each in self._geometric]
                images = warp(images, share.of(_composed(warps)))
            if self._colour:
                maps = [_colours(each, everywhere, channels, random) for each in self._colour]
                images = recolour(images, share.of(_composed(maps)))
            for augment, code in self._pixel:
                with code:
                    drawn = augment.draw(everywhere, ImageShape(channels, height, width), random)
                    images = _applied(augment, images, share.of(drawn))
        return images.contiguous(memory_format=torch.channels_last) if channels_last else images


def _paired(augments: Iterable[Augment], codes: Iterable[Code]) -> list[tuple[Augment, Code]]:
    return list(zip(augments, chain(codes, repeat(_UNKNOWN)), strict=False))


def _warp(
    pair: tuple[GeometricAugment, Code], n: int, aspect: float, random: torch.Generator
) -> Tensor:
    augment, code = pair
    with code:
        matrices = augment.warp(n, aspect, random)
        require_tensor("what warp() returned", matrices, (n, 3, 3), augment.warp)
        return matrices


def _colours(
    pair: tuple[ColourAugment, Code], n: int, channels: int, random: torch.Generator
) -> Tensor:
    augment, code = pair
    with code:
        matrices = augment.recolour(n, channels, random)
        shape = (n, channels + 1, channels + 1)
        require_tensor("what recolour() returned", matrices, shape, augment.recolour)
        return matrices


def _applied(augment: PixelAugment, images: Tensor, drawn: Tensor) -> Tensor:
    changed = augment.apply(images, drawn)
    require_tensor("what apply() returned", changed, None, augment.apply)
    if changed.shape != images.shape:
        told = f"{tuple(changed.shape)}, not {tuple(images.shape)}"
        raise ContractError(f"apply() changes the shape of the images: {told}", augment.apply)
    return changed


def recolour(images: Tensor, matrices: Tensor) -> Tensor:
    """Pictures (N, C, H, W) whose pixels have gone through affine maps (N, C + 1, C + 1)."""
    channels = images.shape[1]
    matrices = matrices.to(images.dtype)
    mixing, offset = matrices[:, :channels, :channels], matrices[:, :channels, channels:]
    return torch.baddbmm(offset, mixing, images.flatten(2)).view(images.shape)


def _composed(matrices: Iterable[Tensor]) -> Tensor:
    """The maps one after the other, as one."""
    return reduce(lambda earlier, later: later @ earlier, matrices)
