from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ganzoo.data.inspection import Report
from ganzoo.data.preparation import Preparation
from ganzoo.data.preparation_estimate import PreparationEstimate
from ganzoo.data.suggestions import suggest_settings

FORECAST = PreparationEstimate(
    shape=(3, 64, 64), lost=0, most_lost=0, images=200_000, seconds=1, bytes=1, done=None
)
PLAIN = Report(
    images=200_000,
    looked_at=200_000,
    readable=200_000,
    unreadable={},
    notes=[],
    smallest="",
    largest="",
    sizes={},
    ratios={},
    modes={},
    classes={},
    values={},
    unbalanced={},
    same=[],
    near=[],
    oddities={},
    resolution=0,
    preparation=FORECAST,
)
"""Many large color images without classes or damage."""


def settings(report: Report, how: Preparation | None = None, **more: Any) -> list[str]:
    return [setting for setting, _ in suggest_settings(report, how or Preparation(), **more)]


def test_no_settings_are_suggested_without_a_reason() -> None:
    assert settings(PLAIN) == []


@pytest.mark.parametrize(("found", "said"), [(32, 32), (256, 256), (1024, 256)])
def test_the_suggested_resolution_is_limited(found: int, said: int) -> None:
    report = replace(PLAIN, resolution=found)
    assert settings(report) == [f"data.resolution={said}"]
    assert settings(report, resolution_is_known=True) == []


def test_suggested_channels_are_those_of_most_images() -> None:
    some, most = (["a.png"] * count for count in (90_000, 110_000))
    assert settings(replace(PLAIN, oddities={"transparent": some})) == []
    assert settings(replace(PLAIN, oddities={"transparent": most})) == ["data.channels=4"]
    gray = replace(PLAIN, preparation=replace(FORECAST, shape=(1, 64, 64)))
    assert settings(gray) == ["data.channels=1"]
    assert settings(gray, Preparation(channels=1)) == []


def test_the_reason_for_a_resolution_is_true_of_images_of_that_size() -> None:
    ((_, reason),) = suggest_settings(replace(PLAIN, resolution=128), Preparation())
    assert reason == "enlarges at most 10 % of the images by more than 25 %"


def test_fewer_images_get_more_augmentation() -> None:
    assert settings(replace(PLAIN, images=50_000)) == ["--augment flip"]
    few = replace(PLAIN, images=500)
    assert settings(few, augmentations=["mine"]) == ["--augment flip", "--augment mine"]
    *_, (_, reason) = suggest_settings(few, Preparation(), augmentations=["mine", "other"])
    assert reason.endswith("so few images; or --augment other")


def test_balance_is_suggested_if_it_is_possible() -> None:
    report = replace(PLAIN, classes={"rose": 9, "tulip": 1}, unbalanced={"tulip": "few"})
    assert settings(report) == ["data.conditional=true", "data.balance=true"]
    assert settings(report, can_balance=False) == ["data.conditional=true"]
    assert settings(replace(PLAIN, classes={"rose": 9})) == []


def test_skipping_unreadable_images_is_suggested_if_it_is_possible() -> None:
    report = replace(PLAIN, unreadable={"a.png": "it is empty"})
    assert settings(report) == []
    assert settings(report, can_skip=True) == ["dataset.on_error=skip"]
