"""Classes or values from the layout of image files: a folder for each class, or a table."""

from __future__ import annotations

import json
import posixpath
import warnings
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.contracts import Condition
from ganzoo.data.formats import READABLE
from ganzoo.data.labels import encode_labels
from ganzoo.data.values import encode_condition
from ganzoo.errors import RequestError

IMAGE_SUFFIXES = tuple(suffix for known in READABLE for suffix in known.suffixes)
"""The suffixes of image files that can be read, in lower case; upper case is read, too."""

_MAX_BYTES = 64 * 1024**2

TableValue = str | int | tuple[float, ...]
"""What a table says about an image: a class, or several classes or values."""

_Labels = tuple[NDArray[np.int64] | None, tuple[str, ...]]
"""The label of each image, int64 (N,), and the class names; ``None`` and () without labels."""


def images_in_class_folders(
    names: Sequence[str], *, ignore_common_folder: bool = False
) -> tuple[list[str], list[str]]:
    """The names of images that are in a class folder, and notes about the other images.

    Images outside the class folders are left out only if they are fewer than those inside, and if
    there are two or more classes. Otherwise all names are kept, and the images have no labels.
    With ``ignore_common_folder``, a folder that contains all class folders is not a class.
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
        remedy = "move images that you need into a class folder"
        return kept, [f"left out {images} outside the class folders, {named}: {remedy}"]
    images = f"{len(outside_all):,} of {len(names):,} images"
    remedy = "move each image into the folder of its class to get labels"
    return list(names), [f"no labels: {images} are outside the class folders, {named}; {remedy}"]


def _outside(names: Sequence[str], ignore_common_folder: bool) -> set[str]:
    below = _below_common_folder(names, ignore_common_folder)
    return {name for name, rest in zip(names, below, strict=True) if "/" not in rest}


def strip_common_folder(names: Sequence[str]) -> list[str]:
    """The names relative to the folder that contains all of them."""
    root = posixpath.commonpath([posixpath.dirname(name) for name in names])
    return [name.removeprefix(f"{root}/") for name in names]


def _below_common_folder(names: Sequence[str], ignore_common_folder: bool) -> Sequence[str]:
    return strip_common_folder(names) if ignore_common_folder and names else names


def labels_by_folder(names: Sequence[str]) -> _Labels:
    """Labels by the first folder in each name, and the class names; no labels if one has none.

    Bytes in a folder's name that are not UTF-8 become escapes.
    """
    if not all("/" in name for name in names):
        return None, ()
    folders = (name.partition("/")[0].encode(errors="surrogateescape") for name in names)
    return encode_labels(
        np.array([name.decode(errors="backslashreplace") for name in folders]), "folders"
    )


def condition_by_table(
    rows: Iterable[tuple[str, TableValue]],
    names: Sequence[str],
    table: str,
    value_names: Sequence[str] = (),
    ranges: NDArray[Any] | None = None,
) -> tuple[NDArray[Any], Condition]:
    """What rows of a name and a class or values say about the images ``names``.

    The labels, int64 (N,), or values, float32 (N, D), and their condition, as from
    :func:`ganzoo.encode_condition`, which also explains ``value_names`` and ``ranges``. ``table``
    stands for the rows in messages. Of several rows of an image, the first counts. Warns of other
    rows of an image, and of rows of images that do not exist. Raises RequestError if an image has
    no row.
    """
    values: dict[str, TableValue] = {}
    ignored, known = [], set(names)
    for written, value in rows:
        name = str(PurePosixPath(written))
        if name not in known and "\\" in name:  # as in tables written on Windows
            name = str(PurePosixPath(name.replace("\\", "/")))
        if values.setdefault(name, value) != value:
            ignored.append(f"{value} for {name}")
    _require_all(values, names, ignored, table)
    return encode_condition(np.array([values[name] for name in names]), table, value_names, ranges)


def _require_all(
    values: dict[str, TableValue], names: Sequence[str], ignored: Sequence[str], table: str
) -> None:
    """Raise RequestError if an image has no label; warn of labels that are not used."""
    missing = [name for name in names if name not in values]
    superfluous = values.keys() - set(names)
    message = f"{table} has labels for {len(names) - len(missing)} of {len(names)} images"
    if superfluous:
        message += (
            f", and {len(superfluous)} for images that do not exist, such as {min(superfluous)}"
        )
    if missing:
        raise RequestError(
            f"{message}: {missing[0]} has none; give every image a label there, or remove images "
            "without one"
        )
    if ignored:
        message += f"; ignored {len(ignored)} further labels of an image, such as {ignored[0]}"
    if superfluous or ignored:
        warnings.warn(message, stacklevel=3)


def parse_dataset_json(content: bytes, table: str) -> list[tuple[str, TableValue]] | None:
    """The names and labels in a ``dataset.json``, the format of StyleGAN2-ADA's dataset tool.

    The content is ``{"labels": [["00000/img00000000.png", 6], ...]}``, with equally long lists of
    numbers instead of labels for several classes or values, or ``{"labels": null}``, for which the
    result is ``None``. ``table`` stands for the file in messages. Raises RequestError
    for another content, or more than 64 MiB.
    """
    if len(content) > _MAX_BYTES:
        raise RequestError(f"{table} has {len(content):,} bytes; the limit is {_MAX_BYTES:,}")
    try:
        rows = json.loads(content)["labels"]
        if rows is None:
            return None
        if all(type(name) is str for name, _ in rows):
            found = [(name, _table_value(label)) for name, label in rows]
            if len({len(value) if isinstance(value, tuple) else 0 for _, value in found}) < 2:
                return found
    except (ValueError, TypeError, LookupError, RecursionError):
        pass
    raise RequestError(
        f'{table} is not of the form {{"labels": [["NAME", NUMBER], ...]}} or {{"labels": null}}: '
        "correct it, or rename it if it does not contain labels"
    )


def _table_value(label: object) -> TableValue:
    """A whole number, or a list of numbers as a tuple; raises TypeError for anything else."""
    if type(label) is int:
        return label
    if isinstance(label, list) and label and all(type(each) in (int, float) for each in label):
        return tuple(map(float, label))
    raise TypeError
