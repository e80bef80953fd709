"""How pictures are laid out in files: their names, a folder for each class, a table beside them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ganzoo.data.arrays import number_classes
from ganzoo.errors import RequestError

PICTURE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)
"""How the name of a picture's file ends, in any case."""

_LARGEST = 64 * 1024**2

_Labels = tuple[NDArray[np.int64] | None, tuple[str, ...]]
"""The label of each picture, and the names of the classes; ``None`` and nothing without labels."""


def labels_by_folder(names: Sequence[str]) -> _Labels:
    """Labels by the first folder in each name, if all have one, and the names of the classes.

    Bytes in a folder's name that are no text become escapes.
    """
    if not all("/" in name for name in names):
        return None, ()
    folders = (name.partition("/")[0].encode(errors="surrogateescape") for name in names)
    return number_classes(
        np.array([name.decode(errors="backslashreplace") for name in folders]), "folders"
    )


def labels_by_table(
    rows: Iterable[tuple[str, str | int]], names: Sequence[str], table: str
) -> _Labels:
    """The labels of the pictures called ``names``, by rows of a name and a label each.

    ``table`` is what messages call it. A warning counts the labels of no picture, and those beyond
    the first of a picture, which counts. Raises RequestError if a picture has no label.
    """
    labels: dict[str, str | int] = {}
    others = []
    for written, label in rows:
        name = str(PurePosixPath(written))
        if labels.setdefault(name, label) != label:
            others.append(f"{label} for {name}")
    missing = [name for name in names if name not in labels]
    superfluous = labels.keys() - set(names)
    said = f"{table} has labels for {len(names) - len(missing)} of {len(names)} pictures"
    if superfluous:
        said += f", and {len(superfluous)} for no picture, such as {min(superfluous)}"
    if missing:
        raise RequestError(f"{said}: {missing[0]} has none")
    if others:
        said += f"; {len(others)} beyond a picture's first do not count, such as {others[0]}"
    if superfluous or others:
        warnings.warn(said, stacklevel=2)
    return number_classes(np.array([labels[name] for name in names]), table)


def parse_dataset_json(content: bytes, table: str) -> list[tuple[str, int]] | None:
    """The names and labels in a dataset.json, as StyleGAN's tools write it beside pictures.

    It is ``{"labels": [["00000/img00000000.png", 6], ...]}``, or ``{"labels": null}``, of which
    nothing is made. ``table`` is what messages call it. Raises RequestError if it is of another
    form, or larger than 64 MiB.
    """
    if len(content) > _LARGEST:
        raise RequestError(f"{table} has {len(content):,} bytes, and {_LARGEST:,} are allowed")
    try:
        rows = json.loads(content)["labels"]
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
