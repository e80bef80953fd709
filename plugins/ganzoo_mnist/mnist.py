"""The images of MNIST and its variants."""

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
    """The images of a split with their classes."""

    def __init__(self, options: MnistOptions) -> None:
        variant = VARIANTS[options.variant]
        self._variant = options.variant
        self.class_names = variant.class_names
        names = [name for name in variant.files if name.startswith(PARTS[options.split])]
        if options.path is None:
            files = _download(names, variant, cache_folder("mnist", options.variant))
        else:
            files = find(names, variant, options.path)
        # For each part, the file of images is followed by the file of labels.
        parts = [self._read(*pair) for pair in zip(files[::2], files[1::2], strict=True)]
        self._images = np.concatenate([images for images, _ in parts])[..., np.newaxis]
        self._labels = np.concatenate([labels for _, labels in parts])

    @cached_property
    def fingerprint(self) -> str:
        """The images, the labels and the variant; not the names of files or their compression."""
        digest = hashlib.sha256(str(self._images.shape).encode())
        digest.update(self._images.data)
        digest.update(self._labels.data)
        return f"{digest.hexdigest()}-{self._variant}"

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int]:
        return self._images[index], int(self._labels[index])

    def read(self, indices: range) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Images, uint8 (N, 28, 28, 1), and their labels, int64 (N,)."""
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
                f"{label_file} has the label {labels.max()}, but the labels of "
                f"{self._variant} are 0 to {len(self.class_names) - 1}"
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
        raise RequestError(
            f"{error}; or put {', '.join(names)} into a folder and write dataset.path=FOLDER"
        ) from error
    return files
