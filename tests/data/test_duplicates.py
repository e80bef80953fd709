from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ganzoo.data.duplicates import SIDE, digest, identical_groups, signature, similar_groups

Signature = NDArray[np.uint8]


def photo(seed: int) -> Image.Image:
    """Random blobs with some detail."""
    random = np.random.default_rng(seed)
    blobs = Image.fromarray(random.integers(0, 256, (6, 6), np.uint8))
    large = np.asarray(blobs.resize((160, 120), Image.Resampling.BICUBIC), float)
    return Image.fromarray(np.clip(large + random.normal(0, 12, large.shape), 0, 255).astype("u1"))


def signature_of(image: Image.Image) -> Signature:
    return signature(image.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def recompressed(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream)


def differing(signature: Signature, bits: int, grays: int, seed: int = 0) -> Signature:
    """A signature that differs in ``bits`` bits and by ``grays`` in one thumbnail pixel."""
    random, other = np.random.default_rng(seed), signature.copy()
    for bit in random.choice(64, bits, replace=False).tolist():
        other[bit // 8] ^= np.uint8(1 << bit % 8)
    field = 8 + int(random.integers(64))
    other[field] = int(other[field]) + (grays if other[field] < 128 else -grays)
    return other


def test_a_digest_depends_on_values_type_and_shape() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    wide = pixels.astype(np.uint16)
    others: list[NDArray[Any]] = [pixels + 1, wide, pixels.reshape(4, 2, 3), pixels[:1]]
    assert digest(pixels).tolist() == digest(pixels.copy()).tolist()
    assert digest(np.asfortranarray(pixels)).tolist() == digest(pixels).tolist()
    assert len({tuple(digest(p).tolist()) for p in [pixels, *others]}) == 5


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        (lambda x, y: 0 * x, "0000000000000000"),
        (lambda x, y: 0 * x + 200, "8000000000000000"),
        (lambda x, y: 8 * x, "8000000000000000"),
        (lambda x, y: (x * x + 3 * y * y) % 256, "8e0e060e073e7e7e"),
        (lambda x, y: x * y % 251, "813f78636c4952d5"),
        (lambda x, y: 255 * ((x // 8 + y // 8) % 2), "8005000500500050"),
    ],
)
def test_the_hash_is_that_of_the_library_imagehash(pixels: Any, expected: str) -> None:
    y, x = np.mgrid[:SIDE, :SIDE]
    gray = Image.fromarray(pixels(x, y).astype(np.uint8))
    assert signature(gray)[:8].tobytes().hex() == expected  # imagehash.phash of version 4.3.2


def test_identical_images_are_grouped_in_order() -> None:
    digests = np.array([[9, 0], [1, 1], [9, 1], [1, 1], [9, 0], [1, 1], [0, 9]], np.uint64)
    assert identical_groups(digests) == [[0, 4], [1, 3, 5]]
    assert identical_groups(digests[:0]) == []
    assert identical_groups(digests[:1]) == []


@pytest.mark.parametrize("quality", [40, 75])
@pytest.mark.parametrize("share", [0.5, 0.8, 1.0])
def test_recompressed_and_resized_images_are_similar_and_no_others(
    quality: int, share: float
) -> None:
    photos = [photo(seed) for seed in range(60)]
    changed = [recompressed(ImageOps.scale(p, share), quality) for p in photos[:20]]
    found = similar_groups(np.stack([signature_of(image) for image in [*photos, *changed]]))
    assert found == [[seed, 60 + seed] for seed in range(20)]


@pytest.mark.parametrize(
    ("bits", "grays", "is_near"), [(0, 0, True), (4, 12, True), (5, 0, False), (0, 13, False)]
)
def test_the_limits_hold_for_any_position_of_the_difference(
    bits: int, grays: int, is_near: bool
) -> None:
    random = np.random.default_rng(1)
    ours = random.integers(0, 256, (200, 72), np.uint8)
    for seed, one in enumerate(ours[:50]):
        other = differing(one, bits, grays, seed)
        assert similar_groups(np.stack([*ours, other])) == ([[seed, 200]] if is_near else [])


def test_groups_are_connected_by_similar_pairs() -> None:
    ours = np.random.default_rng(2).integers(0, 256, (3, 72), np.uint8)
    steps = [differing(ours[0], 4, 0, seed) for seed in range(4)]
    farther = differing(steps[3], 4, 12, 9)
    assert similar_groups(np.stack([farther, *ours, *steps])) == [[0, 1, 4, 5, 6, 7]]


def test_many_similar_images_are_one_group() -> None:
    one = np.random.default_rng(3).integers(0, 256, 72, np.uint8)
    many = np.stack([differing(one, 2, 5, seed) for seed in range(2000)])
    assert similar_groups(many) == [list(range(2000))]


def test_no_images_have_no_groups() -> None:
    assert similar_groups(np.empty((0, 72), np.uint8)) == []
    assert similar_groups(np.zeros((1, 72), np.uint8)) == []
    assert similar_groups(np.zeros((3, 72), np.uint8)) == [[0, 1, 2]]
