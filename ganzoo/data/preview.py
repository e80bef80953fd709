"""A grid of images before and after preparation, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

from ganzoo.contracts import Dataset, RawImage, condition_of
from ganzoo.data.collection import group_classes
from ganzoo.data.image_names import printable
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.data.preparation_estimate import evenly_spaced, for_training
from ganzoo.errors import RequestError
from ganzoo.imaging import to_image
from ganzoo.size import size

_SAMPLES = 24
_COLUMNS = 4
_SIDE = 128
_GAP = 8
_LINE = 14
_BEFORE = Preparation(resolution=_SIDE, fit="pad", channels=4)
_PAGE_COLOR = "white"
_FRAME_COLOR = "#d8d8d8"
"""The color of transparent areas, and next to images that are not square."""


def preview(dataset: Dataset, preparation: Preparation, classes: Sequence[str] = ()) -> Image.Image:
    """Up to 24 evenly spaced images, each next to its prepared version, as one RGB image.

    The caption is the size and the class or values.

    With ``classes``, as in ``data.classes``, only images of these classes.
    """
    dataset, preparation = for_training(dataset, preparation)
    condition = condition_of(dataset)
    labels_of_classes = [
        label for group in group_classes(condition, classes).values() for label in group
    ]
    candidates = (
        _SAMPLES * len(dataset.class_names) // len(labels_of_classes)
        if labels_of_classes
        else _SAMPLES
    )
    pairs: list[Image.Image] = []
    for number in evenly_spaced(len(dataset), candidates):
        if len(pairs) == _SAMPLES:
            break
        try:
            image, value = dataset[number]
        except RequestError:
            continue
        if not classes or value in labels_of_classes:
            text = condition.text(value) if condition and value is not None else ""
            pairs.append(_pair(image, preparation, text))
    width, height = 2 * _SIDE + 3 * _GAP, _SIDE + _LINE + 2 * _GAP
    rows = -(-len(pairs) // _COLUMNS)
    page = Image.new("RGB", (_COLUMNS * width, max(1, rows) * height), _PAGE_COLOR)
    for position, pair in enumerate(pairs):
        page.paste(pair, (position % _COLUMNS * width + _GAP, position // _COLUMNS * height + _GAP))
    return page


def _pair(image: RawImage, preparation: Preparation, condition: str) -> Image.Image:
    before = image if isinstance(image, Image.Image) else to_image(image)
    after = to_image(prepare(image, preparation)).convert("RGBA")
    pair = Image.new("RGB", (2 * _SIDE + _GAP, _SIDE + _LINE), _PAGE_COLOR)
    pair.paste(_framed(to_image(prepare(before, _BEFORE))), (0, 0))
    pair.paste(_framed(after), (_SIDE + _GAP, 0))
    caption = f"{size(*before.size)}  {printable(condition)}"
    draw = ImageDraw.Draw(pair)
    draw.text((0, _SIDE + 1), caption, fill="black", font=ImageFont.load_default())
    return pair


def _framed(image: Image.Image) -> Image.Image:
    """The image scaled to fit a square; small images are enlarged without smoothing."""
    few = max(image.size) < _SIDE
    method = Image.Resampling.NEAREST if few else Image.Resampling.LANCZOS
    image = ImageOps.contain(image, (_SIDE, _SIDE), method)
    frame = Image.new("RGB", (_SIDE, _SIDE), _FRAME_COLOR)
    frame.paste(image, ((_SIDE - image.width) // 2, (_SIDE - image.height) // 2), image)
    return frame
