"""What a table says about images: a CSV file, or a dataset.json of StyleGAN2-ADA."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from ganzoo import Condition, RequestError, condition_by_table, parse_dataset_json
from ganzoo_image_folder.columns import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST = 64 * 1024**2
_MOST_SHOWN = 10
_HEADINGS = ("label", "class")


def read_table(
    table: Path, names: Sequence[str], columns: Sequence[Column]
) -> tuple[NDArray[Any] | None, Condition | None]:
    """The labels of the images ``names``, int64 (N,), or their values, float32 (N, D).

    A CSV file gives the class of each image, or with ``columns`` the numbers in these. ``None`` if
    a dataset.json says that there are no labels. Raises RequestError if the table cannot be read,
    has nothing for an image, or has a number that is wrong or out of range.
    """
    content, where = _content(table), str(table)
    value_names, ranges = [column.name for column in columns], Column.ranges(columns)
    if table.suffix == ".json":
        found = parse_dataset_json(content, where)
        if found is None:
            return None, None
        return condition_by_table(found, names, where, value_names, ranges)
    lines = _Lines(table, content)
    if columns:
        return condition_by_table(_numbers(lines, columns), names, where, value_names, ranges)
    rows = _classes(lines)
    _require_classes(table, rows, names)
    return condition_by_table(((row.name, row.label) for row in rows if row.label), names, where)


class _Row(NamedTuple):
    line: int
    name: str
    label: str


class _Lines:
    """The lines of a CSV file, with or without headings; the first column is the file name."""

    def __init__(self, table: Path, content: bytes) -> None:
        self.table = table
        self.headings: list[str] = []
        """Empty if there are none."""
        self.rows = self._read(content)
        """The line number and the cells of each row."""

    def _read(self, content: bytes) -> list[tuple[int, list[str]]]:
        text = io.StringIO(_text(self.table, content), newline="")
        lines = csv.reader(text, skipinitialspace=True, strict=True)
        wrong = (
            f"of {self.table} is not of the form FILE NAME,CLASS, or does not match the headings"
        )
        try:
            rows = [(lines.line_num, [cell.strip() for cell in cells]) for cells in lines if cells]
        except csv.Error as error:
            raise RequestError(f"line {lines.line_num} {wrong}: {error}") from error
        if rows and not PurePosixPath(rows[0][1][0]).suffix:  # no file name: a heading
            _, self.headings = rows.pop(0)
        for number, cells in rows:
            if len(cells) != (len(self.headings) or 2) or not cells[0]:
                raise RequestError(f"line {number} {wrong}")
        return rows

    def column(self, name: str) -> int:
        """The position of the column with this heading; raises RequestError if there is none."""
        if name not in self.headings[1:]:
            known = ", ".join(self.headings[1:]) or "no headings"
            raise RequestError(
                f"{self.table} has no column {name}, but {known}: correct dataset.condition"
            )
        return self.headings.index(name, 1)


def _classes(lines: _Lines) -> list[_Row]:
    """The class in each row; empty where there is none."""
    column = _class_column(lines.headings, lines.table) if lines.headings else 1
    return [_Row(line, str(PurePosixPath(cells[0])), cells[column]) for line, cells in lines.rows]


def _numbers(lines: _Lines, columns: Sequence[Column]) -> Iterator[tuple[str, tuple[float, ...]]]:
    """The name in each row, and the numbers in these columns."""
    positions = [lines.column(column.name) for column in columns]
    for line, cells in lines.rows:
        numbers = []
        for column, position in zip(columns, positions, strict=True):
            where = f"line {line} of {lines.table}"
            numbers.append(_number(cells[position], column, where))
        yield str(PurePosixPath(cells[0])), tuple(numbers)


def _number(cell: str, column: Column, where: str) -> float:
    if not cell:
        raise RequestError(f"{where} has no {column.name}: add it, or remove the image")
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RequestError(f"{where} has {column.name}={cell}, which is not a number: correct it")
    if column.range and not column.range[0] <= number <= column.range[1]:
        low, high = column.range
        raise RequestError(
            f"{where} has {column.name}={number:g}, which is not in {low:g}..{high:g}: correct it, "
            "or the range in dataset.condition"
        )
    return number


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
            f"{', '.join(headings)}, or choose columns with dataset.condition"
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
