"""The checks of augmentations."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import ImageShape, Options
from ganzoo.testing import check


class Darker:
    apply_to: Any = "all"

    def __init__(self, options: Options) -> None: ...

    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        return torch.rand(n, 1, 1, 1, generator=random)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images * parameters


class Rounded(Darker):
    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return (images * 8).round() / 8


class PartlyDetached(Darker):
    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return torch.where(parameters < 0.7, images.detach() / 2, images)


class Mixed(Darker):
    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images + images.mean(0, keepdim=True)


class Centered(Darker):
    """The sum of its images has no gradient, but its images do."""

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images - images.mean((1, 2, 3), keepdim=True)


def augmentation(factory: Any) -> ganzoo.AugmentationSpec:
    return ganzoo.AugmentationSpec(name="mine", summary="Other images.", factory=factory)


@pytest.mark.parametrize("factory", [Darker, Centered])
def test_a_correct_augmentation_passes(factory: Any) -> None:
    check(augmentation(factory))


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (Rounded, "no gradient to its input, or not to each image: use differentiable"),
        (PartlyDetached, "no gradient to its input, or not to each image: use differentiable"),
        (Mixed, "an image depends on the others of the batch"),
    ],
)
def test_a_faulty_augmentation_is_found(factory: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check(augmentation(factory))
