from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ganzoo

HINT = "the discriminator may memorize 20 images: consider --augment diffaugment or --augment ada"


@pytest.mark.parametrize(
    ("augment", "settings", "hints"),
    [
        ((), {}, 1),
        ("shift", {}, 1),
        ("shift", {"augment.shift.apply_to": "all"}, 0),
        ("diffaugment", {}, 0),
        ("apa", {}, 0),
    ],
)
def test_augmentations_are_suggested_for_few_images_unless_the_run_has_one(
    tiny: Callable[..., dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    augment: str,
    settings: dict[str, Any],
    hints: int,
) -> None:
    often = {"train.batch_size": 64, **settings}  # each image 64 times
    arguments = tiny(architecture="mlp", steps=10, augment=augment, settings=often)
    ganzoo.train(**{**arguments, "quiet": False})
    assert capsys.readouterr().err.count(HINT) == hints


def test_a_run_that_shows_each_image_a_few_times_gets_no_hint(
    tiny: Callable[..., dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    few = {"train.batch_size": 44}  # each image 44 times, as the recipe fast in ten minutes
    arguments = tiny(architecture="mlp", steps=10, settings=few)
    ganzoo.train(**{**arguments, "quiet": False})
    assert "may memorize" not in capsys.readouterr().err
