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
    arguments = tiny(steps=1, augment=augment, settings=settings)
    ganzoo.train(**{**arguments, "quiet": False})
    assert capsys.readouterr().err.count(HINT) == hints
