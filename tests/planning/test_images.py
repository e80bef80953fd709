from __future__ import annotations

import pytest

from ganzoo.planning.images import resolution_of
from tests.planning.results import measured_images, planned_images


@pytest.mark.parametrize(
    ("nearer", "farther"),
    [
        ({"count": 4000}, {"count": 400}),
        ({"count": 1_000_000}, {"shape": (1, 32, 32)}),
        ({"shape": (3, 16, 16)}, {"shape": (3, 64, 64)}),
        ({"shape": (3, 32, 32)}, {"shape": (3, 16, 16)}),
    ],
)
def test_distance(nearer: dict[str, object], farther: dict[str, object]) -> None:
    images = planned_images()
    near, far = (images.distance(measured_images(**each)) for each in (nearer, farther))
    assert near < far


def test_drawn_images_fit_any_size() -> None:
    drawn = planned_images(resolution=0)
    assert drawn.fits((512, 512))
    assert drawn.reduced((512, 512)) == (512, 512)


def test_a_size_is_halved_until_the_images_are_as_large() -> None:
    assert planned_images(resolution=32).reduced((256, 128)) == (64, 32)


def test_the_sentence_has_what_a_user_should_know() -> None:
    images = planned_images(
        sizes="10 x 10 to 800 x 600", classes=5, cropped=0.25, repeated=3, unreadable=1, channels=1
    )
    assert images.sentence() == (
        "pics: 4,000 images in gray, 10 x 10 to 800 x 600 pixels, 5 classes, 25% of an image is "
        "cropped off, 3 have the same pixels as another one, 1 cannot be read and are left out"
    )


@pytest.mark.parametrize(("size", "value"), [((64, 64), 64), ((64, 48), "64x48")])
def test_resolution_of(size: tuple[int, int], value: int | str) -> None:
    assert resolution_of(size) == value
