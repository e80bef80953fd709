"""What is known of images beside their pixels: a table with a row for each file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ganzoo.contracts import Dataset, NamedDataset
from ganzoo.data.cache import PreparedImages
from ganzoo.data.collection import Collection
from ganzoo.data.inspection import printable
from ganzoo.errors import RequestError

TABLE_NAME = "images.csv"
"""What the table is called beside the images, as ``ganzoo data fetch`` writes it."""

_MOST_BYTES = 256 * 1024**2


class Description(NamedTuple):
    """What a row tells of an image; empty where it does not say."""

    address: str = ""
    description: str = ""


def read_descriptions(path: Path) -> dict[str, Description]:
    """The rows of a CSV file by their column ``file``; of several for one file the first.

    Files are named as below the dataset's folder. Other columns are passed over, and rows that
    name no file.

    Raises RequestError for a file that is no such table, or too large.
    """
    if not path.is_file():
        raise RequestError(f"there is no table {path}")
    found: dict[str, Description] = {}
    try:
        if (size := path.stat().st_size) > _MOST_BYTES:
            raise RequestError(f"{path} has {size:,} bytes, and {_MOST_BYTES:,} are allowed")
        for row in _rows(path):
            values = (row.get(column) or "" for column in Description._fields)
            if row["file"]:
                found.setdefault(row["file"], Description(*values))
    except OSError as error:
        raise RequestError(f"cannot read the table {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise RequestError(f"{path} is no CSV in UTF-8: {error}") from error
    return found


def _rows(path: Path) -> Iterator[Mapping[str, str | None]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if "file" not in (reader.fieldnames or ()):
            raise RequestError(
                f"{path} has no column 'file' in its first line: it needs file and description, "
                "and may have address"
            )
        yield from reader


def image_names(dataset: Dataset, data: Collection) -> list[str]:
    """What each image, prepared from a source, is called there; nothing if they have no names."""
    if not isinstance(dataset, NamedDataset):
        return []
    assert isinstance(data.store, PreparedImages)
    kept = np.delete(np.arange(len(dataset)), data.store.left_out)
    return [dataset.name(number) for number in kept[data.indices].tolist()]


def require_rows_for(names: Sequence[str], rows: Mapping[str, Description]) -> None:
    """Raise RequestError for rows that are of none of these images."""
    if rows and rows.keys().isdisjoint(names):
        found_names = (
            f"the dataset has {names[0]}" if names else "the dataset's images have no names"
        )
        raise RequestError(
            f"the descriptions are of other images, such as {min(rows)}: {found_names}"
        )


def texts_for(names: Sequence[str], rows: Mapping[str, Description]) -> dict[str, list[str]]:
    """What is known of images of these names, in their order, as far as anything is.

    Where they come from (``source``: address, else name), and what they show (``description``).
    """
    found = [rows.get(name, Description()) for name in names]
    sources = (row.address or printable(name) for name, row in zip(names, found, strict=True))
    texts = {"source": list(sources), "description": [row.description for row in found]}
    return {what: texts_of_kind for what, texts_of_kind in texts.items() if any(texts_of_kind)}
