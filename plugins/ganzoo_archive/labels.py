"""The labels in a dataset.json, as StyleGAN's tools write it beside the pictures of an archive."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganzoo import RequestError, number_classes

TABLE = "dataset.json"
_LARGEST = 64 * 1024**2


def read_labels(
    content: bytes, names: Sequence[str], table: str
) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """The labels of the pictures called ``names``, and the names of the classes.

    ``None`` and nothing if the table says that there are no labels.

    Names in the table are relative to where it lies, as ``names`` are. ``table`` is what messages
    call it.

    Raises RequestError if it is of another form, or has no label for a picture.
    """
    rows = _rows(content, table)
    if rows is None:
        return None, ()
    missing = [name for name in names if name not in rows]
    superfluous = rows.keys() - set(names)
    said = f"{table} has labels for {len(names) - len(missing)} of {len(names)} pictures"
    if superfluous:
        said += f", and {len(superfluous)} for no picture, such as {min(superfluous)}"
    if missing:
        raise RequestError(f"{said}: {missing[0]} has none")
    if superfluous:
        warnings.warn(said, stacklevel=2)
    return number_classes(np.array([rows[name] for name in names]), table)


def _rows(content: bytes, table: str) -> dict[str, int] | None:
    if len(content) > _LARGEST:
        raise RequestError(f"{table} has {len(content):,} bytes, and {_LARGEST:,} are allowed")
    try:
        rows = json.loads(content)["labels"]
        if rows is None:
            return None
        labels = dict(rows)
        if all(type(name) is str and type(label) is int for name, label in rows):
            return labels
    except (ValueError, TypeError, LookupError, RecursionError):
        pass
    raise RequestError(
        f'{table} is not of the form {{"labels": [["NAME", NUMBER], ...]}} or {{"labels": null}}'
    )
