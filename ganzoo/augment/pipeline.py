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
    ApplyTo,
    Augmentation,
    ColorAugmentation,
    GeometricAugmentation,
    ImageShape,
    PixelAugmentation,
)
from ganzoo.errors import ContractError
from ganzoo.shard import WHOLE_BATCH, Shard
from ganzoo.structure import require_tensor

Code = AbstractContextManager[None]
_UNKNOWN: Code = nullcontext()


class Pipeline:
    """Augmentations in the order given: one warp, one color matrix, then pixel operations.

    An error of an augmentation goes through the one of ``codes`` that has its place.
    """

    def __init__(self, augments: Iterable[Augmentation], codes: Iterable[Code] = ()) -> None:
        pairs = _paired(augments, codes)
        self._geometric = [(a, code) for a, code in pairs if isinstance(a, GeometricAugmentation)]
        self._color = [(a, code) for a, code in pairs if isinstance(a, ColorAugmentation)]
        self._pixel = [(a, code) for a, code in pairs if isinstance(a, PixelAugmentation)]

    @classmethod
    def of(
        cls, augments: Iterable[Augmentation], apply_to: ApplyTo, codes: Iterable[Code] = ()
    ) -> Pipeline:
        """Those of the augmentations that have this apply_to."""
        mine = [pair for pair in _paired(augments, codes) if pair[0].apply_to == apply_to]
        return cls((augment for augment, _ in mine), (code for _, code in mine))

    def __call__(
        self, images: Tensor, random: torch.Generator, shard: Shard = WHOLE_BATCH
    ) -> Tensor:
        """The augmented images: same shape, dtype, device and memory format.

        ``images`` (N, C, H, W) are this process's ``shard`` of the global batch. What happens to
        an image depends on its place in the global batch and not on how many processes hold it.
        Differentiable twice. Without augmentations, the same tensor.
        """
        n, channels, height, width = images.shape
        everywhere = n * shard.count
        channels_last = images.is_contiguous(memory_format=torch.channels_last)
        # Half precision is too coarse for where a pixel lies, and cannot invert a matrix.
        with torch.autocast(images.device.type, enabled=False):
            if self._geometric:
                aspect = width / height
                warps = [_warp(each, everywhere, aspect, random) for each in self._geometric]
                images = warp(images, shard.of(_composed(warps)))
            if self._color:
                maps = [_colors(each, everywhere, channels, random) for each in self._color]
                images = recolor(images, shard.of(_composed(maps)))
            for augment, code in self._pixel:
                with code:
                    drawn = augment.sample_parameters(
                        everywhere, ImageShape(channels, height, width), random
                    )
                    images = _applied(augment, images, shard.of(drawn))
        return images.contiguous(memory_format=torch.channels_last) if channels_last else images


def _paired(
    augments: Iterable[Augmentation], codes: Iterable[Code]
) -> list[tuple[Augmentation, Code]]:
    return list(zip(augments, chain(codes, repeat(_UNKNOWN)), strict=False))


def _warp(
    pair: tuple[GeometricAugmentation, Code], n: int, aspect: float, random: torch.Generator
) -> Tensor:
    augment, code = pair
    with code:
        matrices = augment.sample_affine(n, aspect, random)
        require_tensor("what sample_affine() returned", matrices, (n, 3, 3), augment.sample_affine)
        return matrices


def _colors(
    pair: tuple[ColorAugmentation, Code], n: int, channels: int, random: torch.Generator
) -> Tensor:
    augment, code = pair
    with code:
        matrices = augment.sample_color_matrix(n, channels, random)
        shape = (n, channels + 1, channels + 1)
        require_tensor(
            "what sample_color_matrix() returned", matrices, shape, augment.sample_color_matrix
        )
        return matrices


def _applied(augment: PixelAugmentation, images: Tensor, drawn: Tensor) -> Tensor:
    changed = augment.apply(images, drawn)
    require_tensor("what apply() returned", changed, None, augment.apply)
    if changed.shape != images.shape:
        told = f"{tuple(changed.shape)}, not {tuple(images.shape)}"
        raise ContractError(f"apply() changes the shape of the images: {told}", augment.apply)
    return changed


def recolor(images: Tensor, matrices: Tensor) -> Tensor:
    """Images (N, C, H, W) whose pixels have gone through affine maps (N, C + 1, C + 1)."""
    channels = images.shape[1]
    matrices = matrices.to(images.dtype)
    mixing, offset = matrices[:, :channels, :channels], matrices[:, :channels, channels:]
    return torch.baddbmm(offset, mixing, images.flatten(2)).view(images.shape)


def _composed(matrices: Iterable[Tensor]) -> Tensor:
    """The maps one after the other, as one."""
    return reduce(lambda earlier, later: later @ earlier, matrices)
