"""The images in a column of a Hugging Face dataset."""

from __future__ import annotations

import io
import json
import os
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganzoo import (
    RequestError,
    UnreadableImage,
    encode_labels,
    fingerprint_of_file,
    fingerprint_of_files,
    fingerprint_of_folder,
    open_image,
)
from ganzoo_huggingface.opening import downloads, library, open_split

if TYPE_CHECKING:
    from PIL.Image import Image

    from ganzoo_huggingface import HuggingfaceOptions


class HuggingfaceImages:
    """The images of a split, with labels if it has a column of labels."""

    def __init__(self, options: HuggingfaceOptions) -> None:
        rows = open_split(options)
        self._options = options
        self._where = str(options.path or options.repository)
        self._cache_files = [Path(file["filename"]) for file in rows.cache_files]
        self._labels, self.class_names = self._find_labels(rows)
        self._images = self._find_images(rows)
        self._folders = [folder.resolve() for folder in _folders(options.path)]
        self._lock = threading.Lock()

    @cached_property
    def fingerprint(self) -> str:
        """The content of the files (of the path, or made from a download) and the options."""
        options = self._options.model_dump(mode="json", exclude={"path", "repository"})
        return f"{self._content()}-{json.dumps(options)}"

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[Image, int | None]:
        where = f"{index} of {self._where}"
        with self._lock:
            row = self._images[index][self._options.image_key]
        if row is None:
            raise UnreadableImage(where, "it is missing")
        data = row["bytes"]
        content = self._file(row["path"], where) if data is None else io.BytesIO(data)
        label = None if self._labels is None else int(self._labels[index])
        return open_image(content, where), label

    def _content(self) -> str:
        path = self._options.path
        if path is not None:
            return fingerprint_of_file(path) if path.is_file() else fingerprint_of_folder(path)
        folder = Path(os.path.commonpath([file.parent for file in self._cache_files]))
        names = [file.relative_to(folder).as_posix() for file in self._cache_files]
        return fingerprint_of_files(folder, names)

    def _file(self, name: str | None, where: str) -> Path:
        """The file of an image that is not stored in the table; its path is not trusted."""
        if name is None:
            raise UnreadableImage(where, "it is missing")
        for folder in self._folders:
            if (file := (folder / name).resolve()).is_relative_to(folder):
                return file
        inside = " and ".join(map(str, self._folders))
        raise UnreadableImage(where, f"{name} is not in {inside}: files elsewhere are not opened")

    def _find_images(self, rows: Any) -> Any:
        """The column of images, not decoded: ``datasets`` would open all formats."""
        key = self._options.image_key
        self._check_column(rows, "image_key", key)
        try:
            return rows.select_columns([key]).cast_column(key, library().Image(decode=False))
        except (TypeError, ValueError, NotImplementedError) as error:
            raise RequestError(
                f"{self._where}: the column {key} has the type {rows.features[key]}, not images"
            ) from error

    def _find_labels(self, rows: Any) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
        key = self._options.label_key or "label"
        if self._options.label_key is not None:
            self._check_column(rows, "label_key", key)
        elif key not in rows.column_names:
            return None, ()
        names = getattr(rows.features[key], "names", ())
        return encode_labels(np.array(rows[key][:]), f"{self._where}: {key}", names)

    def _check_column(self, rows: Any, option: str, key: str) -> None:
        if key not in rows.column_names:
            raise RequestError(
                f"{self._where} has no column {key!r}: write dataset.{option}=NAME, one of "
                f"{', '.join(rows.column_names)}"
            )


def _folders(path: Path | None) -> list[Path]:
    """The folders in which files of images may be opened."""
    if path is None:
        return downloads()
    return [path.parent if path.is_file() else path]
