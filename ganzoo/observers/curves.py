"""The losses over the images seen, as an image file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ganzoo.folders import RunFolder, replacing
from ganzoo.journal import Journal, is_number
from ganzoo.observers.observer import Observer

Points: TypeAlias = NDArray[np.float64]
"""Images seen and a loss, (N, 2)."""

_LOSSES = {
    "loss/discriminator": ("discriminator", (31, 119, 180)),
    "loss/generator": ("generator", (230, 110, 20)),
}
"""The numbers of a report that are drawn: their label and their color."""

_SIZE = (960, 540)
_SCALE = 2
"""Lines are drawn so many times as large, then reduced, which smooths their edges."""
_LEFT, _TOP, _RIGHT, _BOTTOM = 80, 46, 24, 60
"""Pixels around the plot."""
_BINS = 400
"""A line has no more points than this: further reports are averaged."""
_LARGEST = 1e30
_INK, _FAINT, _GRID = (40, 40, 40), (110, 110, 110), (226, 226, 226)


class LossCurves(Observer):
    """``losses.png``: both losses over the images seen, drawn whenever a checkpoint is written."""

    def __init__(self, folder: RunFolder) -> None:
        self._path = folder.losses
        self._reports: list[tuple[int, Mapping[str, float]]] = []
        for line in Journal.read(folder.metrics).lines:
            self.on_report(int(line["step"]), line)
        self._drawn = 0
        """How many reports the file shows."""

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Keep the losses for the next image."""
        kept = {n: scalars[n] for n in ("images_seen", *_LOSSES) if is_number(scalars.get(n))}
        if len(kept) > 1 and "images_seen" in kept:
            self._reports.append((step, kept))

    def on_checkpoint_start(self) -> None:
        """Draw what was reported so far."""
        if len(self._reports) > 1 and self._drawn != len(self._reports):
            self._drawn = len(self._reports)
            _save(drawn(self._curves()), self._path)

    def on_rollback(self, step: int) -> None:
        """Forget the losses of later steps."""
        self._reports = [report for report in self._reports if report[0] <= step]
        self._drawn = 0

    def on_end(self) -> None:
        """Draw the last reports."""
        self.on_checkpoint_start()

    def _curves(self) -> dict[str, Points]:
        told = [scalars for _, scalars in self._reports]
        points = {
            n: [(each["images_seen"], each[n]) for each in told if n in each] for n in _LOSSES
        }
        arrays = {name: np.array(each, np.float64) for name, each in points.items() if each}
        # What is larger cannot be reckoned with, and a curve must not end a run.
        return {name: each.clip(-_LARGEST, _LARGEST) for name, each in arrays.items()}


def _save(image: Image.Image, path: Path) -> None:
    with replacing(path) as part:
        image.save(part, format="PNG")


def drawn(curves: Mapping[str, Points]) -> Image.Image:
    """A chart, RGB, of at least one loss by its name in a report, with at least one point each."""
    width, height = (_SCALE * side for side in _SIZE)
    image = Image.new("RGB", (width, height), "white")
    plot = _Plot(ImageDraw.Draw(image), {name: _averaged(each) for name, each in curves.items()})
    plot.axes()
    for name in curves:
        plot.line(name)
    plot.legend()
    return image.resize(_SIZE, Image.Resampling.LANCZOS)


class _Plot:
    """Where things are in the chart, and drawing them there."""

    def __init__(self, draw: ImageDraw.ImageDraw, curves: Mapping[str, Points]) -> None:
        self._draw = draw
        self._curves = curves
        self._font = ImageFont.load_default(15 * _SCALE)
        every = np.concatenate(list(curves.values()))
        self._x = (0.0, float(every[:, 0].max()) or 1.0)
        self._y = _range(every[:, 1])
        self._box = [
            *(_LEFT * _SCALE, _TOP * _SCALE),
            *((_SIZE[0] - _RIGHT) * _SCALE, (_SIZE[1] - _BOTTOM) * _SCALE),
        ]

    def _at(self, x: float, y: float) -> tuple[float, float]:
        left, top, right, bottom = self._box
        across = (x - self._x[0]) / (self._x[1] - self._x[0])
        up = (y - self._y[0]) / (self._y[1] - self._y[0])
        return left + across * (right - left), bottom - min(max(up, 0), 1) * (bottom - top)

    def axes(self) -> None:
        """Grid lines with their numbers, and what the axes are."""
        left, top, right, bottom = self._box
        gap = 8 * _SCALE
        for value in _ticks(*self._y):
            _, y = self._at(0, value)
            self._draw.line((left, y, right, y), _GRID, _SCALE)
            self._text((left - gap, y), f"{value:g}", "rm")
        for value in _ticks(*self._x):
            x, _ = self._at(value, self._y[0])
            self._draw.line((x, top, x, bottom), _GRID, _SCALE)
            self._text((x, bottom + gap), _short(value), "mt")
        self._draw.rectangle((left, top, right, bottom), outline=_FAINT, width=_SCALE)
        self._text(((left + right) / 2, bottom + 5 * gap), "images seen", "ms", _INK)
        self._text((left, top - 2 * gap), "loss", "ls", _INK)

    def line(self, name: str) -> None:
        """One loss; what is outside of the axis is drawn at its end."""
        points = [self._at(x, y) for x, y in self._curves[name].tolist()]
        _, color = _LOSSES[name]
        if len(points) > 1:
            self._draw.line(points, color, 2 * _SCALE, joint="curve")
        else:
            self._draw.circle(points[0], 3 * _SCALE, color)

    def legend(self) -> None:
        """Each line's label in its color, above the right end of the plot."""
        right, y = float(self._box[2]), self._box[1] - 16 * _SCALE
        for name in reversed(list(self._curves)):
            label, color = _LOSSES[name]
            last = f"{label} {self._curves[name][-1, 1]:.3g}"
            self._text((right, y), last, "rs", color)
            right -= self._draw.textlength(last, self._font) + 24 * _SCALE

    def _text(
        self,
        at: tuple[float, float],
        text: str,
        anchor: str,
        color: tuple[int, int, int] = _FAINT,
    ) -> None:
        self._draw.text(at, text, color, self._font, anchor)


def _averaged(points: Points) -> Points:
    """No more than so many points, each the mean of as many that follow one another."""
    if len(points) <= _BINS:
        return points
    return np.array([part.mean(0) for part in np.array_split(points, _BINS)])


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    """The ends of the axis: a few values far from all others do not flatten the rest."""
    low, high = (float(value) for value in np.percentile(values, (0.5, 99.5)))
    reach = high - low
    if values.min() > low - reach:
        low = float(values.min())
    if values.max() < high + reach:
        high = float(values.max())
    margin = 0.05 * (high - low)
    if margin <= 1e-9 * max(abs(low), abs(high), 1e-9):  # all the same, but for rounding
        margin = 0.05 * abs(high) if abs(high) > 1e-9 else 1.0
    return low - margin, high + margin


def _ticks(low: float, high: float) -> Iterator[float]:
    """Round numbers between two others, about six."""
    rough = (high - low) / 7
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        yield round(number * step, 12)


def _short(number: float) -> str:
    """A number of images: 1500, 20k, 1.5M."""
    sizes: Sequence[tuple[float, str]] = ((1e9, "G"), (1e6, "M"), (1e4, "k"))
    for size, unit in sizes:
        if number >= size:
            return f"{number / (1e3 if unit == 'k' else size):g}{unit}"
    return f"{number:g}"
