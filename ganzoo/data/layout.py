"""How images are laid out in files: their names, a folder for each class, a table beside them."""

from __future__ import annotations

import json
import posixpath
import warnings
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ganzoo.data.arrays import encode_labels
from ganzoo.data.formats import READABLE
from ganzoo.errors import RequestError

IMAGE_SUFFIXES = tuple(suffix for known in READABLE for suffix in known.suffixes)
"""How the name of an image's file ends, in any case, of the formats that can be read here."""

_MAX_BYTES = 64 * 1024**2

_Labels = tuple[NDArray[np.int64] | None, tuple[str, ...]]
"""The label of each image, and the names of the classes; ``None`` and nothing without labels."""


def images_in_class_folders(
    names: Sequence[str], *, ignore_common_folder: bool = False
) -> tuple[list[str], list[str]]:
    """The names without the few that lie in no class's folder, and what is to be said of them.

    They are left out if the others are more, and of two classes or more: else all are kept, and
    have no labels. ``ignore_common_folder`` says that the folders in which all others lie are no classes.
    """
    outside_all: set[str] = set()
    kept = list(names)
    while outside := _outside(kept, ignore_common_folder):
        outside_all |= outside
        kept = [name for name in kept if name not in outside]
    if not outside_all or not kept:
        return list(names), []
    folders = {
        below.partition("/")[0] for below in _below_common_folder(kept, ignore_common_folder)
    }
    named = f"such as {min(outside_all)}" if len(outside_all) > 1 else min(outside_all)
    if len(outside_all) < len(kept) and len(folders) > 1:
        images = f"{len(outside_all):,} image{'s' if len(outside_all) > 1 else ''}"
        remedy = "move what you need into one of them"
        return kept, [f"left out {images} beside the class folders, {named}: {remedy}"]
    outside_of = f"{len(outside_all):,} of {len(names):,} images"
    return list(names), [f"no labels, for {outside_of} lie in no class folder, {named}"]


def _outside(names: Sequence[str], ignore_common_folder: bool) -> set[str]:
    below = _below_common_folder(names, ignore_common_folder)
    return {name for name, rest in zip(names, below, strict=True) if "/" not in rest}


def strip_common_folder(names: Sequence[str]) -> list[str]:
    """The names below the one folder that all of them lie in."""
    root = posixpath.commonpath([posixpath.dirname(name) for name in names])
    return [name.removeprefix(f"{root}/") for name in names]


def _below_common_folder(names: Sequence[str], ignore_common_folder: bool) -> Sequence[str]:
    return strip_common_folder(names) if ignore_common_folder and names else names


def labels_by_folder(names: Sequence[str]) -> _Labels:
    """Labels by the first folder in each name, if all have one, and the names of the classes.

    Bytes in a folder's name that are no text become escapes.
    """
    if not all("/" in name for name in names):
        return None, ()
    folders = (name.partition("/")[0].encode(errors="surrogateescape") for name in names)
    return encode_labels(
        np.array([name.decode(errors="backslashreplace") for name in folders]), "folders"
    )


def labels_by_table(
    rows: Iterable[tuple[str, str | int]], names: Sequence[str], table: str
) -> _Labels:
    """The labels of the images called ``names``, by rows of a name and a label each.

    ``table`` is what messages call it. A warning counts the labels of no image, and those beyond
    the first of an image, which counts. Raises RequestError if an image has no label.
    """
    labels: dict[str, str | int] = {}
    ignored, known = [], set(names)
    for written, label in rows:
        name = str(PurePosixPath(written))
        if name not in known and "\\" in name:  # as tables of Windows write it
            name = str(PurePosixPath(name.replace("\\", "/")))
        if labels.setdefault(name, label) != label:
            ignored.append(f"{label} for {name}")
    missing = [name for name in names if name not in labels]
    superfluous = labels.keys() - known
    message = f"{table} has labels for {len(names) - len(missing)} of {len(names)} images"
    if superfluous:
        message += f", and {len(superfluous)} for no image, such as {min(superfluous)}"
    if missing:
        raise RequestError(
            f"{message}: {missing[0]} has none; give every image a label there, or remove those "
            "without"
        )
    if ignored:
        message += f"; {len(ignored)} beyond an image's first do not count, such as {ignored[0]}"
    if superfluous or ignored:
        warnings.warn(message, stacklevel=2)
    return encode_labels(np.array([labels[name] for name in names]), table)


def parse_dataset_json(content: bytes, table: str) -> list[tuple[str, int]] | None:
    """The names and labels in a dataset.json, as StyleGAN's tools write it beside images.

    It is ``{"labels": [["00000/img00000000.png", 6], ...]}``, or ``{"labels": null}``, of which
    nothing is made. ``table`` is what messages call it. Raises RequestError if it is of another
    form, or larger than 64 MiB.
    """
    if len(content) > _MAX_BYTES:
        raise RequestError(f"{table} has {len(content):,} bytes, and {_MAX_BYTES:,} are allowed")
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
