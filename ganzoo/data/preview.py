"""A sheet of samples before and after preparation, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

from ganzoo.contracts import Dataset, RawImage
from ganzoo.data.collection import grouped
from ganzoo.data.inspection import as_trained, printable, spread
from ganzoo.data.preparation import Preparation, prepare
from ganzoo.errors import RequestError
from ganzoo.imaging import to_image
from ganzoo.size import size

_SAMPLES = 24
_COLUMNS = 4
_SIDE = 128
_GAP = 8
_LINE = 14
_AS_IT_IS = Preparation(resolution=_SIDE, fit="pad", channels=4)
_PAPER = "white"
_BEHIND = "#d8d8d8"
"""What shows through transparent parts, and beside images that are not square."""


def sheet(source: Dataset, how: Preparation, classes: Sequence[str] = ()) -> Image.Image:
    """Some images, evenly spread, each beside what ``how`` makes of it, in RGB.

    With ``classes``, as in ``data.classes``, images of those.
    """
    source, how = as_trained(source, how)
    wanted = [label for group in grouped(source.class_names, classes).values() for label in group]
    candidates = _SAMPLES * len(source.class_names) // len(wanted) if wanted else _SAMPLES
    pairs: list[Image.Image] = []
    for number in spread(len(source), candidates):
        if len(pairs) == _SAMPLES:
            break
        try:
            image, label = source[number]
        except RequestError:
            continue
        if not classes or label in wanted:
            pairs.append(_pair(image, how, "" if label is None else source.class_names[label]))
    width, height = 2 * _SIDE + 3 * _GAP, _SIDE + _LINE + 2 * _GAP
    rows = -(-len(pairs) // _COLUMNS)
    paper = Image.new("RGB", (_COLUMNS * width, max(1, rows) * height), _PAPER)
    for place, pair in enumerate(pairs):
        paper.paste(pair, (place % _COLUMNS * width + _GAP, place // _COLUMNS * height + _GAP))
    return paper


def _pair(image: RawImage, how: Preparation, class_name: str) -> Image.Image:
    before = image if isinstance(image, Image.Image) else to_image(image)
    after = to_image(prepare(image, how)).convert("RGBA")
    pair = Image.new("RGB", (2 * _SIDE + _GAP, _SIDE + _LINE), _PAPER)
    pair.paste(_framed(to_image(prepare(before, _AS_IT_IS))), (0, 0))
    pair.paste(_framed(after), (_SIDE + _GAP, 0))
    caption = f"{size(*before.size)}  {printable(class_name)}"
    draw = ImageDraw.Draw(pair)
    draw.text((0, _SIDE + 1), caption, fill="black", font=ImageFont.load_default())
    return pair


def _framed(image: Image.Image) -> Image.Image:
    """The image as large as it goes, its own pixels to be seen where they are few."""
    few = max(image.size) < _SIDE
    method = Image.Resampling.NEAREST if few else Image.Resampling.LANCZOS
    image = ImageOps.contain(image, (_SIDE, _SIDE), method)
    frame = Image.new("RGB", (_SIDE, _SIDE), _BEHIND)
    frame.paste(image, ((_SIDE - image.width) // 2, (_SIDE - image.height) // 2), image)
    return frame
