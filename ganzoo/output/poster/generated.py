"""The generated images of a poster: the best ones, and rows of each class or value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ganzoo.output.poster.arrangement import Cells, filling_cells, labeled_rows
from ganzoo.output.poster.best_images import Progress, best_images
from ganzoo.output.poster.column import GAP, LABEL, SPACE, Column
from ganzoo.output.trained_generator import TrainedGenerator

MOST_ROWS = 12
"""The largest number of classes or values that are shown."""
_LABEL_WIDTH = 0.16
"""The largest part of the width that the names of rows take."""

_LEAST_GRID = 1.5
"""The least height that a grid above the rows has, in rows."""


@dataclass(frozen=True)
class Choice:
    """Which images are generated, and which of them are shown."""

    count: int = 40
    """About how many images a poster without rows shows."""
    best_of: int = 8
    """The best of so many images is shown, by the score of the discriminator."""
    seed: int = 0
    truncation: float = 1.0

    @property
    def text(self) -> str:
        """The seed and the truncation."""
        truncation = "" if self.truncation == 1 else f", truncation {self.truncation:g}"
        return f"Seed {self.seed}{truncation}."


def draw_images(
    trained: TrainedGenerator, choice: Choice, column: Column, progress: Progress
) -> None:
    """Fill a column with labeled rows of a conditional generator, and a grid of the best images."""
    names, whole = row_names(trained), column.height
    if names:
        _draw_rows(trained, choice, column, names, progress)
    count = max(1, round(choice.count * column.height / whole))
    aspect, gap = trained.image_shape.aspect, GAP * column.unit
    cells = filling_cells(count, column.width, column.height, aspect, gap)
    if cells:  # there may be no space above the rows
        images = _best(trained, choice, cells.columns * cells.rows, None, progress)
        boxes = [(x, y) for y in cells.tops(column.top) for x in cells.lefts(column.left)]
        for (x, y), image in zip(boxes, images, strict=True):
            column.canvas.paste(image, x, y, cells.width, cells.height)


def row_names(trained: TrainedGenerator) -> list[str]:
    """The values, or the most frequent classes; at most 12, in their order."""
    names = list(trained.row_names)
    if len(names) <= MOST_ROWS or not trained.class_names or not trained.frequencies:
        return names[:MOST_ROWS]
    counts = trained.frequencies.counts
    largest = sorted(range(len(names)), key=lambda label: (-counts[label], label))[:MOST_ROWS]
    return [names[label] for label in sorted(largest)]


def _draw_rows(
    trained: TrainedGenerator,
    choice: Choice,
    column: Column,
    names: Sequence[str],
    progress: Progress,
) -> None:
    """Draw rows with their names on the left, at the bottom of the column if a grid fits above."""
    canvas, space = column.canvas, 1.5 * column.unit
    widest = max(canvas.width(name, LABEL) for name in names)
    label = min(widest, _LABEL_WIDTH * column.width)
    left, width = column.left + label + space, column.width - label - space
    gap = GAP * column.unit
    cells = labeled_rows(len(names), width, column.height, trained.image_shape.aspect, gap)
    free = column.height - cells.total_height
    has_grid = free > _LEAST_GRID * cells.height
    top = column.bottom - cells.total_height - (0 if has_grid else free / 2)
    rows = _rows(trained, choice, names, cells, progress)
    for name, y, images in zip(names, cells.tops(top), rows, strict=True):
        size = canvas.fitting(name, LABEL, label)
        canvas.write(name, column.left, y + cells.height / 2, size, anchor="lm")
        for x, image in zip(cells.lefts(left), images, strict=True):
            canvas.paste(image, x, y, cells.width, cells.height)
    column.bottom = top - SPACE * 0.5 * column.unit if has_grid else column.top


def _rows(
    trained: TrainedGenerator,
    choice: Choice,
    names: Sequence[str],
    cells: Cells,
    progress: Progress,
) -> list[Tensor]:
    """The images of each row; the values of a vector rise from left to right."""
    if trained.condition and trained.condition.kind == "vector":
        progress(0, len(trained.row_names) * cells.columns)
        rows = trained.generate_rows(cells.columns, choice.seed, choice.truncation)
        progress(len(rows) * cells.columns, -len(rows) * cells.columns)
        return list(rows[: len(names)])
    return [_best(trained, choice, cells.columns, name, progress) for name in names]


def _best(
    trained: TrainedGenerator, choice: Choice, count: int, name: str | None, progress: Progress
) -> Tensor:
    return best_images(
        trained, count, choice.best_of, choice.seed, name, choice.truncation, progress
    )
