"""Several augmentations, combined into one warp and one color matrix."""

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
from ganzoo.returned_values import require_tensor
from ganzoo.shard import WHOLE_BATCH, Shard

Code = AbstractContextManager[None]
_UNKNOWN: Code = nullcontext()


class Pipeline:
    """Augmentations in the given order: one warp, one color matrix, then pixel operations.

    ``codes`` are the contexts in which the augmentations are called, one for each; they attribute
    errors to plugins.
    """

    def __init__(self, augments: Iterable[Augmentation], codes: Iterable[Code] = ()) -> None:
        pairs = _with_codes(augments, codes)
        self._geometric = [(a, code) for a, code in pairs if isinstance(a, GeometricAugmentation)]
        self._color = [(a, code) for a, code in pairs if isinstance(a, ColorAugmentation)]
        self._pixel = [(a, code) for a, code in pairs if isinstance(a, PixelAugmentation)]

    @classmethod
    def of(
        cls, augments: Iterable[Augmentation], apply_to: ApplyTo, codes: Iterable[Code] = ()
    ) -> Pipeline:
        """A pipeline of the augmentations that have this ``apply_to``."""
        chosen = [pair for pair in _with_codes(augments, codes) if pair[0].apply_to == apply_to]
        return cls((augment for augment, _ in chosen), (code for _, code in chosen))

    def __call__(
        self, images: Tensor, random: torch.Generator, shard: Shard = WHOLE_BATCH
    ) -> Tensor:
        """The augmented images, with the same shape, dtype, device and memory format.

        ``images`` (N, C, H, W) are this process's ``shard`` of the global batch. The transformation
        of an image depends on its index in the global batch, not on the number of processes. Twice
        differentiable. Without augmentations, the same tensor is returned.
        """
        n, image_shape = len(images), ImageShape(*images.shape[1:])
        global_size = n * shard.count
        channels_last = images.is_contiguous(memory_format=torch.channels_last)
        # Half precision is too coarse for coordinates, and does not support matrix inversion.
        with torch.autocast(images.device.type, enabled=False):
            if self._geometric:
                warps = [
                    _warp_matrices(each, global_size, image_shape, random)
                    for each in self._geometric
                ]
                images = warp(images, shard.of(_compose(warps)))
            if self._color:
                colors = [
                    _color_matrices(each, global_size, image_shape.channels, random)
                    for each in self._color
                ]
                images = recolor(images, shard.of(_compose(colors)))
            for augment, code in self._pixel:
                with code:
                    drawn = augment.sample_parameters(global_size, image_shape, random)
                    images = _apply(augment, images, shard.of(drawn))
        return images.contiguous(memory_format=torch.channels_last) if channels_last else images


def _with_codes(
    augments: Iterable[Augmentation], codes: Iterable[Code]
) -> list[tuple[Augmentation, Code]]:
    return list(zip(augments, chain(codes, repeat(_UNKNOWN)), strict=False))


def _warp_matrices(
    pair: tuple[GeometricAugmentation, Code],
    n: int,
    image_shape: ImageShape,
    random: torch.Generator,
) -> Tensor:
    augment, code = pair
    with code:
        matrices = augment.sample_affine(n, image_shape, random)
        require_tensor("the result of sample_affine()", matrices, (n, 3, 3), augment.sample_affine)
        return matrices


def _color_matrices(
    pair: tuple[ColorAugmentation, Code], n: int, channels: int, random: torch.Generator
) -> Tensor:
    augment, code = pair
    with code:
        matrices = augment.sample_color_matrix(n, channels, random)
        shape = (n, channels + 1, channels + 1)
        require_tensor(
            "the result of sample_color_matrix()", matrices, shape, augment.sample_color_matrix
        )
        return matrices


def _apply(augment: PixelAugmentation, images: Tensor, drawn: Tensor) -> Tensor:
    changed = augment.apply(images, drawn)
    require_tensor("the result of apply()", changed, None, augment.apply)
    if changed.shape != images.shape:
        shapes = f"{tuple(changed.shape)}, not {tuple(images.shape)}"
        raise ContractError(f"apply() changes the shape of the images: {shapes}", augment.apply)
    return changed


def recolor(images: Tensor, matrices: Tensor) -> Tensor:
    """Images (N, C, H, W) with the affine maps (N, C + 1, C + 1) applied to their pixels."""
    channels = images.shape[1]
    matrices = matrices.to(images.dtype)
    mixing, offset = matrices[:, :channels, :channels], matrices[:, :channels, channels:]
    return torch.baddbmm(offset, mixing, images.flatten(2)).view(images.shape)


def _compose(matrices: Iterable[Tensor]) -> Tensor:
    """The product of the matrices; the first one is applied first."""
    return reduce(lambda earlier, later: later @ earlier, matrices)
