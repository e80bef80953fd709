"""The images of MNIST and of the data sets of its form."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ganzoo import RequestError, cache_folder, download
from ganzoo_mnist.files import find
from ganzoo_mnist.idx import read_idx
from ganzoo_mnist.variants import PARTS, VARIANTS, Variant

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ganzoo_mnist import MnistOptions


class Mnist:
    """The images of a split, labeled with what they show."""

    def __init__(self, options: MnistOptions) -> None:
        variant = VARIANTS[options.variant]
        self._variant = options.variant
        self.class_names = variant.class_names
        names = [name for name in variant.files if name.startswith(PARTS[options.split])]
        if options.path is None:
            files = _download(names, variant, cache_folder("mnist", options.variant))
        else:
            files = find(names, variant, options.path)
        # Of each part, the images come first and then the labels.
        parts = [self._read(*pair) for pair in zip(files[::2], files[1::2], strict=True)]
        self._images = np.concatenate([images for images, _ in parts])[..., np.newaxis]
        self._labels = np.concatenate([labels for _, labels in parts])

    @cached_property
    def fingerprint(self) -> str:
        """The images and labels themselves, from whatever files, and what the labels mean."""
        digest = hashlib.sha256(str(self._images.shape).encode())
        digest.update(self._images.data)
        digest.update(self._labels.data)
        return f"{digest.hexdigest()}-{self._variant}"

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int]:
        return self._images[index], int(self._labels[index])

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Many images of shape (N, 28, 28, 1) at once, with their labels of shape (N,)."""
        return self._images[indices], self._labels[indices].astype(np.int64)

    def _read(
        self, image_file: Path, label_file: Path
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
        if len(images) != len(labels):
            raise RequestError(
                f"{image_file} has {len(images)} images, but {label_file} has {len(labels)} labels"
            )
        if labels.max() >= len(self.class_names):
            raise RequestError(
                f"{label_file} has label {labels.max()}, and the last of the "
                f"{len(self.class_names)} classes is {len(self.class_names) - 1}"
            )
        return images, labels


def _download(names: list[str], variant: Variant, folder: Path) -> list[Path]:
    files = []
    try:
        for name in names:
            size, sha256 = variant.files[name]
            urls = [mirror + name for mirror in variant.mirrors]
            files.append(download(name, urls, sha256, size, folder))
    except RequestError as error:
        needed = ", ".join(names)
        raise RequestError(f"{error}. Needed there, or in dataset.path: {needed}") from error
    return files
