"""What a poster is drawn on: text and images at positions in pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ganzoo import imaging
from ganzoo.errors import RequestError
from ganzoo.output.animation import on_white
from ganzoo.output.poster.paper import Paper

ThemeName = Literal["light", "dark"]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Theme(NamedTuple):
    """The colors of a poster."""

    background: str
    text: str
    faint: str
    """Of labels and notes."""


THEMES: dict[ThemeName, Theme] = {
    "light": Theme("#ffffff", "#1a1a1a", "#6b6b6b"),
    "dark": Theme("#121214", "#f2f2f2", "#9a9aa0"),
}


class Canvas:
    """A page of a paper's size; ``unit`` is 1/100 of its shorter side, in pixels."""

    def __init__(
        self,
        paper: Paper,
        theme: ThemeName = "light",
        font: Path | None = None,
        *,
        repeat_pixels: bool = False,
    ) -> None:
        self.theme = THEMES[theme]
        self.image = Image.new("RGB", paper.pixels, self.theme.background)
        self.unit = min(paper.pixels) / 100
        self._draw = ImageDraw.Draw(self.image)
        self._font = font
        self._filter = Image.Resampling.NEAREST if repeat_pixels else Image.Resampling.BICUBIC

    def font(self, size: float) -> Font:
        """The font at a height in units.

        Raises RequestError if the font file cannot be read.
        """
        pixels = max(6, round(size * self.unit))
        if self._font is None:
            return imaging.font(pixels)
        try:
            return ImageFont.truetype(self._font, pixels)
        except OSError as error:
            raise RequestError(f"{self._font} is not a font that can be read: {error}") from error

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """The width of a text in pixels."""
        return self.font(size).getbbox(text, stroke_width=self._stroke(size, bold))[2]

    def write(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        *,
        faint: bool = False,
        bold: bool = False,
        anchor: str = "la",
    ) -> None:
        """Write one line; ``anchor`` says which point of it is at x and y, as Pillow defines it."""
        color = self.theme.faint if faint else self.theme.text
        stroke = self._stroke(size, bold)
        font = self.font(size)
        at = (round(x), round(y))
        if isinstance(font, ImageFont.FreeTypeFont):
            self._draw.text(at, text, color, font, anchor=anchor, stroke_width=stroke)
        else:
            self._draw.text(at, text, color, font)

    def fitting(self, text: str, size: float, width: float, *, bold: bool = False) -> float:
        """The size at which a text is at most so wide, at most ``size``."""
        needed = self.width(text, size, bold=bold)
        return size if needed <= width else size * width / needed

    def wrapped(self, text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
        """A text as lines that are at most so wide; a longer word has a line of its own."""
        lines: list[str] = []
        for word in text.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.width(longer, size, bold=bold) <= width:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def line(self, x: float, y: float, width: float) -> None:
        """Draw a thin horizontal line."""
        box = (round(x), round(y), round(x + width), round(y + max(1, self.unit / 12)))
        self._draw.rectangle(box, fill=self.theme.faint)

    def paste(self, image: Tensor, x: float, y: float, width: float, height: float) -> None:
        """Draw an image, uint8 (C, H, W), in this box."""
        pixels = imaging.to_image(image.permute(1, 2, 0).numpy())
        left, top = round(x), round(y)
        size = (round(x + width) - left, round(y + height) - top)
        self.image.paste(on_white(pixels).resize(size, self._filter), (left, top))

    def _stroke(self, size: float, bold: bool) -> int:
        """Pillow's default font has one weight: bold letters get an outline."""
        return max(1, round(size * self.unit / 45)) if bold else 0
