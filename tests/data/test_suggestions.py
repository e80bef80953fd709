from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ganzoo.data.inspection import PreparationEstimate, Report
from ganzoo.data.preparation import Preparation
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
    unbalanced={},
    same=[],
    near=[],
    oddities={},
    resolution=0,
    preparation=FORECAST,
)
"""Many large color images without classes or faults, drawn at any size."""


def settings(report: Report, how: Preparation | None = None, **more: Any) -> list[str]:
    return [setting for setting, _ in suggest_settings(report, how or Preparation(), **more)]


def test_nothing_suits_where_nothing_is_amiss() -> None:
    assert settings(PLAIN) == []


@pytest.mark.parametrize(("found", "said"), [(32, 32), (256, 256), (1024, 256)])
def test_a_resolution_suits_that_can_be_trained(found: int, said: int) -> None:
    report = replace(PLAIN, resolution=found)
    assert settings(report) == [f"data.resolution={said}"]
    assert settings(report, resolution_is_known=True) == []


def test_channels_are_those_that_most_images_have() -> None:
    some, most = (["a.png"] * count for count in (90_000, 110_000))
    assert settings(replace(PLAIN, oddities={"transparent": some})) == []
    assert settings(replace(PLAIN, oddities={"transparent": most})) == ["data.channels=4"]
    gray = replace(PLAIN, preparation=replace(FORECAST, shape=(1, 64, 64)))
    assert settings(gray) == ["data.channels=1"]
    assert settings(gray, Preparation(channels=1)) == []


def test_the_fewer_images_the_more_they_are_augmented() -> None:
    assert settings(replace(PLAIN, images=50_000)) == ["--augment flip"]
    assert settings(replace(PLAIN, images=500)) == [
        "--augment flip",
        "--augment shift augment.shift.apply_to=all",
    ]


def test_classes_are_balanced_where_they_can_be() -> None:
    report = replace(PLAIN, classes={"rose": 9, "tulip": 1}, unbalanced={"tulip": "few"})
    assert settings(report) == ["architecture.conditional=true", "data.balance=true"]
    assert settings(report, can_balance=False) == ["architecture.conditional=true"]
    assert settings(replace(PLAIN, classes={"rose": 9})) == []


def test_what_cannot_be_read_is_left_out_where_it_can_be() -> None:
    report = replace(PLAIN, unreadable={"a.png": "it is empty"})
    assert settings(report) == []
    assert settings(report, can_skip=True) == ["dataset.on_error=skip"]
