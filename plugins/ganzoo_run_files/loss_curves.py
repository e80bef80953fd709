"""A chart of the losses over the images seen, as an image file."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ganzoo import Journal, ObservedRun, Observer, Options, save_image

Points: TypeAlias = NDArray[np.float64]
"""Pairs of images seen and a loss, shape (N, 2)."""

_LOSSES = {
    "loss/discriminator": ("discriminator", (31, 119, 180)),
    "loss/generator": ("generator", (230, 110, 20)),
}
"""The numbers of a report that are drawn, with their label and RGB color."""

_SIZE = (960, 540)
"""Width and height of the image in pixels."""
_SCALE = 2
"""The chart is drawn this many times larger, then reduced to get smooth edges."""
_LEFT, _TOP, _RIGHT, _BOTTOM = 80, 46, 24, 60
"""Margins of the plot in pixels."""
_MAX_POINTS = 400
"""The most points of a curve; if there are more reports, neighboring ones are averaged."""
_MAX_LOSS = 1e30
_TEXT_COLOR, _AXIS_COLOR, _GRID_COLOR = (40, 40, 40), (110, 110, 110), (226, 226, 226)


class LossCurves(Observer):
    """Writes ``losses.png``, both losses over the images seen, with each checkpoint."""

    def __init__(self, options: Options, *, run: ObservedRun) -> None:
        self._path = run.folder.losses
        self._reports: list[tuple[int, Mapping[str, float]]] = []
        for line in Journal.read(run.folder.metrics).lines:
            if line["step"] <= run.step:
                self.on_report(int(line["step"]), line)
        self._reports_drawn = 0
        """The number of reports in the file."""

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Keep the losses for the next chart."""
        kept = {n: scalars[n] for n in ("images_seen", *_LOSSES) if _is_number(scalars.get(n))}
        if len(kept) > 1 and "images_seen" in kept:
            self._reports.append((step, kept))

    def on_checkpoint_start(self) -> None:
        """Draw all reports so far."""
        if len(self._reports) > 1 and self._reports_drawn != len(self._reports):
            self._reports_drawn = len(self._reports)
            save_image(np.asarray(draw_chart(self._curves())), self._path)

    def on_rollback(self, step: int) -> None:
        """Remove the losses of later steps."""
        self._reports = [report for report in self._reports if report[0] <= step]
        self._reports_drawn = 0

    def on_end(self) -> None:
        """Draw the last reports."""
        self.on_checkpoint_start()

    def _curves(self) -> dict[str, Points]:
        reports = [scalars for _, scalars in self._reports]
        points = {
            n: [(each["images_seen"], each[n]) for each in reports if n in each] for n in _LOSSES
        }
        arrays = {name: np.array(each, np.float64) for name, each in points.items() if each}
        # Larger losses would overflow in the calculations below.
        return {name: each.clip(-_MAX_LOSS, _MAX_LOSS) for name, each in arrays.items()}


def _is_number(value: object) -> bool:
    """Whether a value in a file of JSON is a finite number in the range of a float."""
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


def draw_chart(curves: Mapping[str, Points]) -> Image.Image:
    """An RGB chart of one or more losses, by their names in reports; each has points."""
    width, height = (_SCALE * side for side in _SIZE)
    image = Image.new("RGB", (width, height), "white")
    averaged = {name: _average(points) for name, points in curves.items()}
    plot = _Plot(ImageDraw.Draw(image), averaged)
    plot.draw_axes()
    for name in curves:
        plot.draw_line(name)
    plot.draw_legend()
    return image.resize(_SIZE, Image.Resampling.LANCZOS)


class _Plot:
    """Draws axes, curves and legend; converts values to pixel positions."""

    def __init__(self, draw: ImageDraw.ImageDraw, curves: Mapping[str, Points]) -> None:
        self._draw = draw
        self._curves = curves
        self._font = ImageFont.load_default(15 * _SCALE)
        points = np.concatenate(list(curves.values()))
        self._x = (0.0, float(points[:, 0].max()) or 1.0)
        self._y = _axis_range(points[:, 1])
        self._box = [
            *(_LEFT * _SCALE, _TOP * _SCALE),
            *((_SIZE[0] - _RIGHT) * _SCALE, (_SIZE[1] - _BOTTOM) * _SCALE),
        ]

    def _position(self, x: float, y: float) -> tuple[float, float]:
        """The pixel of a point; losses outside of the axis are moved to its end."""
        left, top, right, bottom = self._box
        across = (x - self._x[0]) / (self._x[1] - self._x[0])
        up = (y - self._y[0]) / (self._y[1] - self._y[0])
        return left + across * (right - left), bottom - min(max(up, 0), 1) * (bottom - top)

    def draw_axes(self) -> None:
        """Draw grid lines with their numbers, and the labels of the axes."""
        left, top, right, bottom = self._box
        gap = 8 * _SCALE
        for value in _ticks(*self._y):
            _, y = self._position(0, value)
            self._draw.line((left, y, right, y), _GRID_COLOR, _SCALE)
            self._text((left - gap, y), f"{value:g}", "rm")
        for value in _ticks(*self._x):
            x, _ = self._position(value, self._y[0])
            self._draw.line((x, top, x, bottom), _GRID_COLOR, _SCALE)
            self._text((x, bottom + gap), _format_count(value), "mt")
        self._draw.rectangle((left, top, right, bottom), outline=_AXIS_COLOR, width=_SCALE)
        self._text(((left + right) / 2, bottom + 5 * gap), "images seen", "ms", _TEXT_COLOR)
        self._text((left, top - 2 * gap), "loss", "ls", _TEXT_COLOR)

    def draw_line(self, name: str) -> None:
        """Draw the curve of one loss; a dot if it has a single point."""
        points = [self._position(x, y) for x, y in self._curves[name].tolist()]
        _, color = _LOSSES[name]
        if len(points) > 1:
            self._draw.line(points, color, 2 * _SCALE, joint="curve")
        else:
            self._draw.circle(points[0], 3 * _SCALE, color)

    def draw_legend(self) -> None:
        """Write each curve's label and last value in its color, above the plot on the right."""
        right, y = float(self._box[2]), self._box[1] - 16 * _SCALE
        for name in reversed(list(self._curves)):
            label, color = _LOSSES[name]
            text = f"{label} {self._curves[name][-1, 1]:.3g}"
            self._text((right, y), text, "rs", color)
            right -= self._draw.textlength(text, self._font) + 24 * _SCALE

    def _text(
        self,
        position: tuple[float, float],
        text: str,
        anchor: str,
        color: tuple[int, int, int] = _AXIS_COLOR,
    ) -> None:
        self._draw.text(position, text, color, self._font, anchor)


def _average(points: Points) -> Points:
    """At most 400 points, each the mean of an equal number of consecutive points."""
    if len(points) <= _MAX_POINTS:
        return points
    return np.array([part.mean(0) for part in np.array_split(points, _MAX_POINTS)])


def _axis_range(values: NDArray[np.float64]) -> tuple[float, float]:
    """The ends of the loss axis; far outliers are outside, so that the rest is not flattened."""
    low, high = (float(value) for value in np.percentile(values, (0.5, 99.5)))
    extent = high - low
    if values.min() > low - extent:
        low = float(values.min())
    if values.max() < high + extent:
        high = float(values.max())
    margin = 0.05 * (high - low)
    if margin <= 1e-9 * max(abs(low), abs(high), 1e-9):  # all equal, except for rounding
        margin = 0.05 * abs(high) if abs(high) > 1e-9 else 1.0
    return low - margin, high + margin


def _ticks(low: float, high: float) -> Iterator[float]:
    """About six round numbers between ``low`` and ``high``."""
    rough = (high - low) / 7
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        yield round(number * step, 12)


def _format_count(number: float) -> str:
    """A number of images in short form: 1500, 20k, 1.5M."""
    sizes: Sequence[tuple[float, str]] = ((1e9, "G"), (1e6, "M"), (1e4, "k"))
    for size, unit in sizes:
        if number >= size:
            return f"{number / (1e3 if unit == 'k' else size):g}{unit}"
    return f"{number:g}"
