"""Facts about each image for an inspection, collected in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from itertools import repeat
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganzoo.contracts import BulkDataset, ChunkedDataset, Dataset, RawImage
from ganzoo.data.duplicates import SIDE, digest, signature
from ganzoo.data.items import require_item
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.errors import RequestError, UnreadableImage
from ganzoo.imaging import to_image

T = TypeVar("T")

NO_LABEL = -1

_CHUNK = 64

_FACTS = np.dtype(
    [
        ("number", np.int64),
        ("label", np.int64),
        ("width", np.int64),
        ("height", np.int64),
        ("mode", "U11"),
        ("gray", np.bool_),
        ("one_color", np.bool_),
        ("transparent", np.bool_),
        ("animated", np.bool_),
        ("digest", np.uint64, 2),
        ("signature", np.uint8, 72),
    ]
)
"""168 bytes per image."""

_FOR_SIGNATURE = Preparation(resolution=SIDE, fit="stretch", channels=1)
"""How an image is prepared before its signature is computed."""


def collect_facts(
    dataset: Dataset, numbers: Sequence[int], progress: Callable[[int, int], None]
) -> tuple[NDArray[Any], dict[int, UnreadableImage]]:
    """A row of facts for each image that can be read, and the error of each other image."""
    facts = np.empty(len(numbers), _FACTS)
    errors: dict[int, UnreadableImage] = {}
    step = dataset.chunk if isinstance(dataset, ChunkedDataset) else _CHUNK
    progress(0, len(numbers))
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(numbers), step):
            chunk = numbers[start : start + step]
            found = map_images(dataset, chunk, _facts_of, pool)
            for done, (number, seen) in enumerate(zip(chunk, found, strict=True), start):
                if isinstance(seen, UnreadableImage):
                    errors[number] = seen
                else:
                    facts[done - len(errors)] = (number, *seen)
            progress(start + len(chunk), len(numbers))
    return facts[: len(numbers) - len(errors)], errors


def map_images(
    dataset: Dataset,
    numbers: Sequence[int],
    work: Callable[[RawImage, Any], T],
    pool: Executor,
) -> Iterable[T | UnreadableImage]:
    """The results of ``work`` for each image and its label or values, or the error of reading it.

    If a bulk read fails, the images are read one by one.
    """

    def read_one(number: int) -> T | UnreadableImage:
        try:
            item = dataset[number]
        except UnreadableImage as error:
            return error
        except RequestError as error:
            return UnreadableImage(f"number {number}", str(error))
        require_item(item, number)
        image, value = item
        return work(image, value)

    if isinstance(dataset, BulkDataset) and isinstance(numbers, range):
        with suppress(RequestError):
            images, values = dataset.read(numbers)
            return pool.map(work, images, repeat(None) if values is None else values.tolist())
    return pool.map(read_one, numbers)


def _facts_of(raw: RawImage, value: Any) -> tuple[Any, ...]:
    """The facts of an image, without its number."""
    if isinstance(raw, Image.Image):
        image, mode, pixels = raw, raw.mode, _pixels(raw)
    else:
        image, pixels = to_image(raw), raw
        mode = image.mode if raw.shape[2] <= 4 else f"{raw.shape[2]} channels"
    return (
        value if isinstance(value, int | np.integer) else NO_LABEL,
        *image.size,
        mode,
        _is_gray(mode, pixels),
        _are_equal(pixels, pixels[:1, :1]),
        _is_transparent(image),
        bool(image.info.get("duration") or image.info.get("default_image")),
        digest(pixels),
        signature(Image.fromarray(prepare(_reduced(image), _FOR_SIGNATURE)[..., 0])),
    )


def _reduced(image: Image.Image) -> Image.Image:
    """A large image reduced by an integer factor, because Lanczos resampling of it is slow."""
    factor = min(image.size) // (4 * SIDE)
    return image.reduce(factor) if factor > 1 and image.mode in ("RGB", "L") else image


def _pixels(image: Image.Image) -> NDArray[Any]:
    """The values of the pixels; colors instead of the numbers of a palette."""
    if image.mode == "P":
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return np.asarray(image)


def _is_gray(mode: str, pixels: NDArray[Any]) -> bool:
    if mode in ("P", "RGB", "RGBA"):
        return _are_equal(pixels[..., :3], pixels[..., :1])
    return pixels.ndim == 2 or pixels.shape[2] <= 2


def _is_transparent(image: Image.Image) -> bool:
    """Whether any pixel is transparent; many images have an unused alpha channel."""
    if not image.has_transparency_data:
        return False
    return bool(np.asarray(image.convert("RGBA").getchannel("A")).min() < 255)


def _are_equal(pixels: NDArray[Any], others: NDArray[Any]) -> bool:
    # A few rows are enough for most images that differ.
    few = slice(None, None, 1 + len(pixels) // 8)
    return bool((pixels[few] == others[few]).all() and (pixels == others).all())
