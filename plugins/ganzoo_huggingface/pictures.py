"""The pictures in a column of a data set of Hugging Face."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganzoo import (
    RequestError,
    UnreadablePicture,
    fingerprint_of_files,
    number_classes,
    open_picture,
)
from ganzoo_huggingface.opening import library, open_split

if TYPE_CHECKING:
    from PIL.Image import Image

    from ganzoo_huggingface import HuggingfaceOptions


class HuggingfacePictures:
    """The pictures of a split, with the labels of another column, if there is one."""

    def __init__(self, options: HuggingfaceOptions) -> None:
        rows = open_split(options)
        self._options = options
        self._where = str(options.path or options.repository)
        self._made = [Path(file["filename"]) for file in rows.cache_files]
        self._labels, self.class_names = self._find_labels(rows)
        self._pictures = self._find_pictures(rows)
        self._lock = threading.Lock()

    @cached_property
    def fingerprint(self) -> str:
        """What is read of which files: those of the folder, or those made of a download."""
        path = self._options.path
        if path is None:
            folder = Path(os.path.commonpath([file.parent for file in self._made]))
            names = [file.relative_to(folder).as_posix() for file in self._made]
        elif path.is_file():
            folder, names = path.parent, [path.name]
        else:
            folder, names = path, sorted(_files_below(path))
        how = self._options.model_dump(mode="json", exclude={"path", "repository"})
        return f"{fingerprint_of_files(folder, names)}-{json.dumps(how)}"

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: int) -> tuple[Image, int | None]:
        where = f"{index} of {self._where}"
        with self._lock:
            row = self._pictures[index][self._options.image_key]
        if row is None:
            raise UnreadablePicture(where, "there is none")
        content = Path(row["path"]) if row["bytes"] is None else io.BytesIO(row["bytes"])
        label = None if self._labels is None else int(self._labels[index])
        return open_picture(content, where), label

    def _find_pictures(self, rows: Any) -> Any:
        """The column of pictures, which ``datasets`` leaves packed: it would open any format."""
        key = self._options.image_key
        self._refuse_missing(rows, "image_key", key)
        try:
            return rows.select_columns([key]).cast_column(key, library().Image(decode=False))
        except (TypeError, ValueError, NotImplementedError) as error:
            raise RequestError(
                f"{self._where}: the column {key} is of {rows.features[key]}, not of pictures"
            ) from error

    def _find_labels(self, rows: Any) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
        key = self._options.label_key or "label"
        if self._options.label_key is not None:
            self._refuse_missing(rows, "label_key", key)
        elif key not in rows.column_names:
            return None, ()
        names = getattr(rows.features[key], "names", ())
        return number_classes(np.array(rows[key][:]), f"{self._where}: {key}", names)

    def _refuse_missing(self, rows: Any, option: str, key: str) -> None:
        if key not in rows.column_names:
            raise RequestError(
                f"{self._where} has no column {key!r}: write dataset.{option}=NAME, one of "
                f"{', '.join(rows.column_names)}"
            )


def _files_below(root: Path) -> Iterator[str]:
    """Relative names of all files, those behind links too, each folder once."""
    seen = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        yield from ((Path(folder) / name).relative_to(root).as_posix() for name in names)
