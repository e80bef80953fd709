"""How many images of which size fill a rectangle."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cells:
    """A grid of equal boxes; lengths are in pixels."""

    columns: int
    rows: int
    width: float
    height: float
    gap: float

    def lefts(self, start: float) -> list[float]:
        """The left side of each column."""
        return [start + column * (self.width + self.gap) for column in range(self.columns)]

    def tops(self, start: float) -> list[float]:
        """The upper side of each row."""
        return [start + row * (self.height + self.gap) for row in range(self.rows)]

    @property
    def total_height(self) -> float:
        """From the top of the first row to the bottom of the last one."""
        return self.rows * (self.height + self.gap) - self.gap


_FEWEST_COLUMNS = 8
"""Of labeled rows."""
_MOST_COLUMNS = 16
"""Of a grid of few images."""


def filling_cells(
    count: int, width: float, height: float, aspect: float, gap: float
) -> Cells | None:
    """About ``count`` boxes of this aspect (width / height) that fill the width.

    It is the number of columns that leaves little of the height empty, and has about so many boxes.
    ``None`` if the height is too low for any box.
    """

    def cells(columns: int) -> Cells:
        each = (width - gap * (columns - 1)) / columns
        rows = max(1, int((height + gap) // (each / aspect + gap)))
        return Cells(columns, rows, each, each / aspect, gap)

    def cost(found: Cells) -> float:
        empty = abs(height - found.total_height) / height
        return empty + abs(found.columns * found.rows - count) / count / 4

    fitting = [
        found
        for columns in range(1, max(count, _MOST_COLUMNS) + 1)
        if (found := cells(columns)).total_height <= height
    ]
    return min(fitting, key=cost, default=None)


def labeled_rows(rows: int, width: float, height: float, aspect: float, gap: float) -> Cells:
    """So many rows of boxes that fill the width, as large as the height allows.

    They have at least eight columns.
    """
    highest = (height - gap * (rows - 1)) / rows
    needed = -int(-(width + gap) // (highest * aspect + gap))
    columns = max(_FEWEST_COLUMNS, needed)
    each = (width - gap * (columns - 1)) / columns
    return Cells(columns, rows, each, each / aspect, gap)
