"""The size of a poster in millimeters and pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PaperName = Literal["a1", "a2", "a3", "a4", "letter", "tabloid", "square"]

_MILLIMETERS: dict[PaperName, tuple[float, float]] = {
    "a1": (594, 841),
    "a2": (420, 594),
    "a3": (297, 420),
    "a4": (210, 297),
    "letter": (215.9, 279.4),
    "tabloid": (279.4, 431.8),
    "square": (300, 300),
}
_MILLIMETERS_PER_INCH = 25.4


@dataclass(frozen=True)
class Paper:
    """A size of paper, and how many pixels are printed on each inch."""

    name: PaperName = "a3"
    landscape: bool = False
    dpi: int = 200

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height."""
        sides = _MILLIMETERS[self.name]
        width, height = (round(side / _MILLIMETERS_PER_INCH * self.dpi) for side in sides)
        return (height, width) if self.landscape else (width, height)

    @property
    def is_landscape(self) -> bool:
        """Whether it is wider than high."""
        width, height = self.pixels
        return width > height
