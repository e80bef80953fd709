"""The images of a collection of torchvision."""

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
"""Where collections keep the names of their classes, and the classes of their images."""
_FOLDERS = ("raw_folder", "_base_folder", "base_folder", "root")
"""Where collections keep what is theirs of the folder that they may share with others."""
_DRAWN = 8
"""How many images identify those that are drawn by random numbers, one after the other."""


class TorchvisionImages:
    """Images as torchvision gives them, in its order, with their classes."""

    def __init__(self, options: TorchvisionOptions) -> None:
        self._collection = open_collection(options)
        self._name = f"torchvision's {options.collection}"
        self._path = options.path
        self._split = options.split
        self._lock = threading.Lock()
        if not len(self):
            raise RequestError(f"{self._name} has no images in {self._path}")
        _, first = self._item(0)
        self.class_names = () if first is None else self._find_names()

    @cached_property
    def fingerprint(self) -> str:
        """The collection, the split, and all files that are its own, or some that are drawn."""
        if self._path is None or self._collection.root is None:
            digest = hashlib.sha256()
            for index in range(min(len(self), _DRAWN)):
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
                f"{self._name}: image {index} has the label {label} of {len(self.class_names)} "
                "classes"
            )
        return image, label

    def _item(self, index: int) -> tuple[Image.Image, int | None]:
        """An image and its class; some collections write -1 where there is none."""
        try:
            with self._lock:  # torchvision promises nothing to threads
                item = self._collection[index]
                match item:
                    case (Image.Image() as image, int() | np.integer() | None as label):
                        image.load()
                        return image, None if label is None or label < 0 else int(label)
        except _DAMAGE as error:
            where = f"{index} of {self._name} in {self._path}"
            raise UnreadableImage(where, str(error)) from error
        parts = item if isinstance(item, tuple) else (item,)
        raise RequestError(
            f"{self._name} is not used: its items are ({', '.join(type(p).__name__ for p in parts)}"
            "), and only images with one class each can be trained on"
        )

    def _find_folder(self, path: Path) -> Path:
        """The folder that holds the files of this collection, and as few others as is known."""
        named = (getattr(self._collection, attribute, None) for attribute in _FOLDERS)
        owned = (path / folder for folder in named if folder)
        return next((folder for folder in owned if folder.is_dir()), path)

    def _find_names(self) -> tuple[str, ...]:
        """The names of the classes; their numbers, where torchvision has no names."""
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
