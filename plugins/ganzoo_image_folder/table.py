"""Labels of images from a table: a CSV file, or a dataset.json of StyleGAN2-ADA."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from ganzoo import RequestError, labels_by_table, parse_dataset_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LARGEST = 64 * 1024**2
_MOST_SHOWN = 10
_HEADINGS = ("label", "class")


def read_labels(
    table: Path, names: Sequence[str]
) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """The labels of the images ``names``, int64 (N,), and the class names.

    ``None`` and () if a dataset.json says that there are no labels. Raises RequestError if the
    table cannot be read, or has no label for an image.
    """
    content = _content(table)
    if table.suffix == ".json":
        numbers = parse_dataset_json(content, str(table))
        return (None, ()) if numbers is None else labels_by_table(numbers, names, str(table))
    rows = _csv_rows(table, content)
    _require_classes(table, rows, names)
    return labels_by_table(((row.name, row.label) for row in rows if row.label), names, str(table))


class _Row(NamedTuple):
    line: int
    name: str
    label: str


def _csv_rows(table: Path, content: bytes) -> list[_Row]:
    """The rows of a CSV file, with or without headings; the first column is the file name."""
    text = io.StringIO(_text(table, content), newline="")
    lines = csv.reader(text, skipinitialspace=True, strict=True)
    wrong = f"of {table} is not of the form FILE NAME,CLASS, or does not match the headings"
    try:
        rows = [(lines.line_num, [cell.strip() for cell in cells]) for cells in lines if cells]
    except csv.Error as error:
        raise RequestError(f"line {lines.line_num} {wrong}: {error}") from error
    width, column = 2, 1
    if rows and not PurePosixPath(rows[0][1][0]).suffix:  # no file name: a heading
        _, headings = rows.pop(0)
        width, column = len(headings), _class_column(headings, table)
    for number, cells in rows:
        if len(cells) != width or not cells[0]:
            raise RequestError(f"line {number} {wrong}")
    return [_Row(line, str(PurePosixPath(cells[0])), cells[column]) for line, cells in rows]


def _require_classes(table: Path, rows: Sequence[_Row], names: Sequence[str]) -> None:
    """Raise RequestError, with line numbers, if images have rows but no class."""
    unlabeled = set(names) - {row.name for row in rows if row.label}
    lines = [row.line for row in rows if row.name in unlabeled]
    if lines:
        shown = ", ".join(map(str, lines[:_MOST_SHOWN]))
        more = f" and {len(lines) - _MOST_SHOWN:,} more" if len(lines) > _MOST_SHOWN else ""
        raise RequestError(
            f"{table} has image names without a class in lines {shown}{more}: add the class "
            "there, or move these images out of the folder"
        )


def _class_column(headings: Sequence[str], table: Path) -> int:
    for number, heading in enumerate(headings):
        if heading.lower() in _HEADINGS:
            return number
    if len(headings) != 2:
        raise RequestError(
            f"{table} has no column with the heading {' or '.join(_HEADINGS)}: rename one of "
            f"{', '.join(headings)}"
        )
    return 1


def _content(table: Path) -> bytes:
    try:
        if not table.is_file():
            raise RequestError(
                f"there is no table of labels {table}: write dataset.labels=FILE.csv or FILE.json"
            )
        if table.stat().st_size > _LARGEST:
            raise RequestError(f"{table} is larger than the limit of {_LARGEST:,} bytes")
        return table.read_bytes()
    except OSError as error:
        raise RequestError(f"cannot read {table}: {error.strerror}") from error


def _text(table: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestError(f"{table} is not a text in UTF-8: save it in that encoding") from error
