"""The images of a dataset of torchvision."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ganzoo import RequestError, UnreadableImage, fingerprint_of_folder
from ganzoo_torchvision.catalog import open_collection

if TYPE_CHECKING:
    from ganzoo_torchvision import TorchvisionOptions

_DAMAGE = (OSError, SyntaxError, ValueError, TypeError, EOFError)
_NAMES = ("classes", "categories", "all_categories", "class_to_idx")
_LABELS = ("targets", "labels", "_labels")
"""The attributes with the names of classes, and those with the labels of all images."""
_FOLDERS = ("raw_folder", "_base_folder", "base_folder", "root")
"""The attributes with the dataset's own folder inside the root, which others may share."""
_HASHED = 8
"""The number of images in the fingerprint of a dataset without files, such as FakeData."""


class TorchvisionImages:
    """The images of a dataset of torchvision, in its order, with their classes."""

    def __init__(self, options: TorchvisionOptions) -> None:
        self._collection = open_collection(options)
        self._name = f"torchvision's {options.collection}"
        self._path = options.path
        self._split = options.split
        self._lock = threading.Lock()
        if not len(self):
            raise RequestError(f"{self._name} has no images in {self._path}")
        _, first = self._item(0)
        self.class_names = () if first is None else self._read_class_names()

    @cached_property
    def fingerprint(self) -> str:
        """The dataset, the split and its files, or its first images if it has no files."""
        if self._path is None or self._collection.root is None:
            digest = hashlib.sha256()
            for index in range(min(len(self), _HASHED)):
                digest.update(self._item(index)[0].tobytes())
            content = digest.hexdigest()
        else:
            content = fingerprint_of_folder(self._find_folder(self._path))
        return f"{content}-{self._name}-{self._split}-{len(self)}"

    def __len__(self) -> int:
        return len(self._collection)

    def __getitem__(self, index: int) -> tuple[Image.Image, int | None]:
        image, label = self._item(index)
        if not self.class_names:
            return image, None
        if label not in range(len(self.class_names)):
            raise RequestError(
                f"{self._name}: image {index} has the label {label}, but the labels are 0 to "
                f"{len(self.class_names) - 1}"
            )
        return image, label

    def _item(self, index: int) -> tuple[Image.Image, int | None]:
        """An image and its class, or ``None``; some datasets use -1 for it."""
        try:
            with self._lock:  # torchvision is not documented as thread-safe
                item = self._collection[index]
                match item:
                    case (Image.Image() as image, int() | np.integer() | None as label):
                        image.load()
                        return image, None if label is None or label < 0 else int(label)
        except _DAMAGE as error:
            where = f"{index} of {self._name} in {self._path}"
            raise UnreadableImage(where, str(error)) from error
        parts = item if isinstance(item, tuple) else (item,)
        types = ", ".join(type(part).__name__ for part in parts)
        raise RequestError(
            f"{self._name} is not supported: its items are ({types}), and "
            "only images with one class each can be used"
        )

    def _find_folder(self, path: Path) -> Path:
        """The smallest known folder that contains the files of this dataset."""
        values = (getattr(self._collection, attribute, None) for attribute in _FOLDERS)
        folders = (path / folder for folder in values if folder)
        return next((folder for folder in folders if folder.is_dir()), path)

    def _read_class_names(self) -> tuple[str, ...]:
        """The names of the classes; their labels, if torchvision has no names."""
        for attribute in _NAMES:
            if names := getattr(self._collection, attribute, None):
                return tuple(", ".join(n) if isinstance(n, tuple) else str(n) for n in names)
        count = getattr(self._collection, "num_classes", None) or 1 + max(self._all_labels())
        return tuple(map(str, range(count)))

    def _all_labels(self) -> Iterable[int]:
        for attribute in _LABELS:
            if (labels := getattr(self._collection, attribute, None)) is not None:
                return map(int, labels)
        return (label or 0 for _, label in map(self._item, range(len(self))))
