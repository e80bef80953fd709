"""The checks find the faults of augmentations, datasets, metrics and extractors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import ImageShape, MetricValue, Options, RealImages, Step
from ganzoo.testing import check


def problems_of(component: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        check(component)
    return str(caught.value)


class Darker:
    apply_to: Any = "real"

    def __init__(self, options: Options) -> None: ...

    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        return torch.rand(n, 1, 1, 1, generator=random)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images * parameters


class UnseededParameters(Darker):
    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        return torch.rand(n, 1, 1, 1)


class WrongApplyTo(Darker):
    apply_to = "fake"


class Misspelled:
    apply_to: Any = "real"

    def __init__(self, options: Options) -> None: ...

    def sample_parameter(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        return torch.rand(n, 1, 1, 1, generator=random)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images * parameters


class NaN(Darker):
    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images * float("nan")


class Smaller(Darker):
    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images[..., 1:] * parameters


class Replacing:
    apply_to: Any = "real"

    def __init__(self, options: Options) -> None: ...

    def replace_real(self, step: Step, real: RealImages) -> Tensor:
        return step.generate().images


class ReplacingOne(Replacing):
    def replace_real(self, step: Step, real: RealImages) -> Tensor:
        return real.images[:1]


class ReplacingByNaN(Replacing):
    def replace_real(self, step: Step, real: RealImages) -> Tensor:
        return real.images * float("nan")


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (UnseededParameters, "its random generator and its state only"),
        (WrongApplyTo, "apply_to is 'fake'"),
        (Smaller, "changes the shape"),
        (
            Misspelled,
            "its method sample_parameter() is never called; did you mean sample_parameters?",
        ),
        (Misspelled, "it has no method that changes images"),
        (NaN, "returns images that contain NaN"),
        (ReplacingOne, "the result of replace_real() has the shape (1, 3, 8, 8)"),
        (ReplacingByNaN, "discriminator: score is NaN"),
    ],
)
def test_an_incorrect_augmentation_is_found(factory: type, message: str) -> None:
    for correct in (Darker, Replacing):
        check(ganzoo.AugmentationSpec(name="mine", summary="Mine.", factory=correct))
    augmentation = ganzoo.AugmentationSpec(name="mine", summary="Darker.", factory=factory)
    assert message in problems_of(augmentation)


class Dots:
    class_names = ("a", "b")
    fingerprint = "dots"

    def __init__(self, options: Options) -> None: ...

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> tuple[Any, int | None]:
        return np.full((8, 8, 3), index, np.uint8), index % 2


class Valued(Dots):
    class_names = ()  # type: ignore[assignment]
    condition = ganzoo.Condition("vector", ("gray",), ((0.0, 2.0),))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return super().__getitem__(index)[0], (index,)


class OutOfRange(Valued):
    condition = ganzoo.Condition("vector", ("gray",), ((0.0, 1.0),))


class Changing(Dots):
    def __getitem__(self, index: int) -> tuple[Any, int | None]:
        return np.random.default_rng().integers(256, size=(8, 8, 3), dtype=np.uint8), 0


class Floats(Dots):
    def __getitem__(self, index: int) -> tuple[Any, int | None]:
        return np.zeros((8, 8, 3)), 0


class Mislabeled(Dots):
    def __getitem__(self, index: int) -> tuple[Any, int | None]:
        return np.zeros((8, 8, 3), np.uint8), 2


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (Changing, "should be the same each time"),
        (Floats, "or an array of uint8 (H, W, C)"),
        (Mislabeled, "has the label 2, but there are 2 classes"),
        (OutOfRange, "image 2 has gray=2, which is not in 0 to 1"),
    ],
)
def test_an_incorrect_dataset_is_found(factory: type, message: str) -> None:
    check(ganzoo.DatasetSpec(name="mine", summary="Dots.", factory=Dots))
    check(ganzoo.DatasetSpec(name="mine", summary="Dots.", factory=Valued))
    assert message in problems_of(ganzoo.DatasetSpec(name="mine", summary="Dots.", factory=factory))


def metric(compute: Any, **changes: Any) -> ganzoo.MetricSpec:
    return ganzoo.MetricSpec(name="mine", summary="Mine.", factory=lambda _: compute, **changes)


def test_a_correct_metric_passes() -> None:
    check(metric(lambda real, fake: {"mine": MetricValue(0.0, len(fake))}))
    check(metric(lambda real, fake: {"mine/a": MetricValue(0.0, len(fake))}, goal="high"))


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda r, f: {"mine": 1.0}, "mine is not a MetricValue"),
        (lambda r, f: {"mine": MetricValue(1.0, 10**6)}, "mine reports 1000000 images"),
        (
            lambda r, f: {"mine": MetricValue(torch.rand(()).item(), len(f))},
            "other values for the same images",
        ),
        (lambda r, f: {"mine": MetricValue(float("nan"), len(f))}, "mine is NaN"),
        (lambda r, f: {"other name": MetricValue(1.0, len(f))}, "a value named 'other name'"),
        (lambda r, f: {"mine/": MetricValue(1.0, len(f))}, "a value named 'mine/'"),
        (lambda r, f: {}, "returns no values"),
    ],
)
def test_an_incorrect_metric_is_found(compute: Any, message: str) -> None:
    found = problems_of(metric(compute))
    assert message in found
    assert (
        message == "other values for the same images"
        or "other values for the same images" not in found
    )


def test_an_unknown_goal_is_found() -> None:
    wrong: Any = "lowest"
    good = metric(lambda real, fake: {"mine": MetricValue(0.0, len(fake))}, goal=wrong)
    assert problems_of(good) == "metric mine: its goal should be low, high or real, not 'lowest'"


def test_an_incorrect_extractor_is_found() -> None:
    class Means:
        identity = "means"

        def __init__(self, options: Options) -> None:
            pass

        def __call__(self, images: torch.Tensor) -> torch.Tensor:
            return images.float().mean((1, 2, 3))[:, None]

    class Together(Means):
        def __call__(self, images: torch.Tensor) -> torch.Tensor:
            return super().__call__(images) - images.float().mean()

    class Halves(Means):
        def __call__(self, images: torch.Tensor) -> torch.Tensor:
            return super().__call__(images).half()

    def extractor(factory: type) -> ganzoo.ExtractorSpec:
        return ganzoo.ExtractorSpec(name="mine", summary="Means.", factory=factory)

    check(extractor(Means))
    assert "depend on the other images" in problems_of(extractor(Together))
    assert "features are torch.float16" in problems_of(extractor(Halves))
