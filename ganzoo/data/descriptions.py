"""A table of images: for each file, a description and the address it comes from."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ganzoo.contracts import Dataset, NamedDataset
from ganzoo.data.cache import PreparedImages
from ganzoo.data.collection import Collection
from ganzoo.data.image_names import printable
from ganzoo.errors import RequestError

TABLE_NAME = "images.csv"
"""The table's name in the folder of the images; ``ganzoo data fetch`` writes it."""

_MOST_BYTES = 256 * 1024**2


class Description(NamedTuple):
    """One row of the table; a missing value is empty."""

    address: str = ""
    description: str = ""


def read_descriptions(path: Path) -> dict[str, Description]:
    """The rows of a CSV file by their column ``file``; of several rows for a file, the first.

    File names are relative to the dataset's folder. Other columns, and rows without a file name,
    are ignored.

    Raises RequestError if the file does not exist, is not such a table, or is too large.
    """
    if not path.is_file():
        raise RequestError(f"there is no table {path}: give the path of a CSV file")
    found: dict[str, Description] = {}
    try:
        if (size := path.stat().st_size) > _MOST_BYTES:
            raise RequestError(f"{path} has {size:,} bytes; the limit is {_MOST_BYTES:,}")
        for row in _rows(path):
            values = (row.get(column) or "" for column in Description._fields)
            if row["file"]:
                found.setdefault(row["file"], Description(*values))
    except OSError as error:
        raise RequestError(f"cannot read the table {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise RequestError(f"{path} is not a CSV file in UTF-8: {error}") from error
    return found


def _rows(path: Path) -> Iterator[Mapping[str, str | None]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if "file" not in (reader.fieldnames or ()):
            raise RequestError(
                f"{path} has no column 'file' in its first line: write the columns file and "
                "description there, and address if there is one"
            )
        yield from reader


def image_names(dataset: Dataset, data: Collection) -> list[str]:
    """The name in the dataset of each image in ``data``; empty if its images have no names."""
    if not isinstance(dataset, NamedDataset):
        return []
    assert isinstance(data.store, PreparedImages)
    kept = np.delete(np.arange(len(dataset)), data.store.left_out)
    return [dataset.name(number) for number in kept[data.indices].tolist()]


def require_rows_for(names: Sequence[str], rows: Mapping[str, Description]) -> None:
    """Raise RequestError if there are rows, but none for any of these images."""
    if rows and rows.keys().isdisjoint(names):
        own = f"the dataset has {names[0]}" if names else "the dataset's images have no names"
        raise RequestError(
            f"the descriptions are of other images: the table has {min(rows)}, {own}"
        )


def texts_for(names: Sequence[str], rows: Mapping[str, Description]) -> dict[str, list[str]]:
    """The texts about images of these names, in their order; texts that are all empty are absent.

    ``source`` is the address an image comes from, or else its name; ``description`` says what it
    shows.
    """
    found = [rows.get(name, Description()) for name in names]
    sources = (row.address or printable(name) for name, row in zip(names, found, strict=True))
    texts = {"source": list(sources), "description": [row.description for row in found]}
    return {kind: values for kind, values in texts.items() if any(values)}
