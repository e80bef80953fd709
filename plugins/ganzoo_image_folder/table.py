"""Labels of pictures from a table: lines of names and classes, or a dataset.json of StyleGAN's."""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ganzoo import RequestError, number_classes

_LARGEST = 64 * 1024**2
_HEADINGS = ("label", "class")

_Rows = Iterable[tuple[str, str | int]]


def read_labels(
    table: Path, names: Sequence[str]
) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """The labels of the pictures called ``names``, and the names of the classes.

    ``None`` and nothing if a dataset.json says that there are no labels.

    Raises RequestError if the table cannot be read, or has no label for a picture.
    """
    rows = _json_rows(table) if table.suffix == ".json" else _csv_rows(table)
    if rows is None:
        return None, ()
    labels: dict[str, str | int] = {}
    for name, label in rows:
        if labels.setdefault(str(PurePosixPath(name)), label) != label:
            raise RequestError(f"{table} has two labels for {name}")
    _refuse_missing(table, names, labels)
    return number_classes(np.array([labels[name] for name in names]), str(table))


def _refuse_missing(table: Path, names: Sequence[str], labels: dict[str, str | int]) -> None:
    """Raise RequestError if a picture has no label; warn if a label has no picture."""
    missing = [name for name in names if name not in labels]
    superfluous = labels.keys() - set(names)
    said = f"{table} has labels for {len(names) - len(missing)} of {len(names)} pictures"
    if superfluous:
        said += f", and {len(superfluous)} for no picture, such as {min(superfluous)}"
    if missing:
        raise RequestError(f"{said}: {missing[0]} has none")
    if superfluous:
        warnings.warn(said, stacklevel=2)


def _csv_rows(table: Path) -> _Rows:
    """The lines of a table, whose first column is the file's name, with headings or without."""
    lines = csv.reader(io.StringIO(_text(table), newline=""), skipinitialspace=True, strict=True)
    wrong = f"of {table} is not of the form FILE NAME,CLASS, nor as the headings say, if any"
    try:
        rows = [(lines.line_num, [cell.strip() for cell in cells]) for cells in lines if cells]
    except csv.Error as error:
        raise RequestError(f"line {lines.line_num} {wrong}: {error}") from error
    width, column = 2, 1
    if rows and not PurePosixPath(rows[0][1][0]).suffix:  # which is no picture's name
        _, headings = rows.pop(0)
        width, column = len(headings), _class_column(headings, table)
    for number, cells in rows:
        if len(cells) != width or not cells[0] or not cells[column]:
            raise RequestError(f"line {number} {wrong}")
    return [(cells[0], cells[column]) for _, cells in rows]


def _class_column(headings: Sequence[str], table: Path) -> int:
    for number, heading in enumerate(headings):
        if heading.lower() in _HEADINGS:
            return number
    if len(headings) != 2:
        raise RequestError(
            f"{table} has no column with the heading {' or '.join(_HEADINGS)}: it has "
            f"{', '.join(headings)}"
        )
    return 1


def _json_rows(table: Path) -> _Rows | None:
    """What StyleGAN's tools write: {"labels": [["00000/img00000000.png", 6], ...]}."""
    text = _text(table)
    try:
        rows = json.loads(text)["labels"]
        if rows is None:
            return None
        if all(type(name) is str and type(label) is int for name, label in rows):
            return [(name, label) for name, label in rows]
    except (ValueError, TypeError, LookupError, RecursionError):
        pass
    raise RequestError(
        f'{table} is not of the form {{"labels": [["NAME", NUMBER], ...]}} or {{"labels": null}}: '
        "call it something else if it holds no labels"
    )


def _text(table: Path) -> str:
    try:
        if not table.is_file():
            raise RequestError(f"there is no table of labels {table}")
        if table.stat().st_size > _LARGEST:
            raise RequestError(f"{table} is larger than the {_LARGEST:,} bytes that are allowed")
        return table.read_text("utf-8-sig")
    except OSError as error:
        raise RequestError(f"cannot read {table}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RequestError(f"{table} is not text in UTF-8") from error
