"""Oxford Flowers 102, from the published files."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo import RequestError, cache_folder, download, fingerprint_of_files, open_image
from ganzoo_flowers.archive import Archive, check_complete
from ganzoo_flowers.class_names import CLASS_NAMES
from ganzoo_flowers.matfile import read_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from ganzoo_flowers import FlowersOptions

_URL = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
_ARCHIVE, _LABELS, _SPLITS = "102flowers.tgz", "imagelabels.mat", "setid.mat"
_FILES = {
    _LABELS: (502, "4903e94206bac23bf772aadf06451916df56b58fc483a62db32a97b82656651d"),
    _SPLITS: (14_989, "46b8678f91fd95d3c8f4feab80d271a6c834a1dd896fe29fd3e6ad9ce5c8dccd"),
    _ARCHIVE: (344_862_509, "2d01ecc807db462958cfe3d92f57a8c252b4abd240eb955770201e45f783b246"),
}
"""Size in bytes and SHA-256 of the published files."""

_NUMBERS = {"train": "trnid", "valid": "valid", "test": "tstid"}
"""The names in setid.mat of the arrays with the image numbers of each split."""


class Flowers:
    """The photographs of a split, with the class of the flower."""

    def __init__(self, options: FlowersOptions) -> None:
        images = _find(options.path) if options.path else _download()
        self._folder = images.parent
        self._split = options.split
        self._classes = read_numbers(self._folder / _LABELS, "labels")
        self._numbers = self._numbers_of_split()
        names = [_name(number) for number in self._numbers]
        if images.is_dir():
            check_complete(images, names, [f"jpg/{file.name}" for file in images.iterdir()])
            self._files, self._archive = names, None
        else:
            self._files, self._archive = [images.name], Archive(images, names)

    @property
    def class_names(self) -> list[str]:
        """The English names of the classes."""
        extra = range(len(CLASS_NAMES) + 1, self._classes.max() + 1)
        return [*CLASS_NAMES, *(f"class {number}" for number in extra)]

    @cached_property
    def fingerprint(self) -> str:
        """The split and the content of the files."""
        files = [*self._files, _LABELS, _SPLITS]
        return f"{fingerprint_of_files(self._folder, files)}-{self._split}"

    @property
    def sequential(self) -> bool:
        """Whether reading one photograph requires reading the whole archive."""
        return self._archive is not None

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> tuple[Image, int]:
        number = self._numbers[index]
        name = _name(number)
        image = self._archive.open(name) if self._archive else open_image(self._folder / name)
        return image, int(self._classes[number - 1]) - 1

    def _numbers_of_split(self) -> NDArray[np.int64]:
        """Numbers of the images in the split; the first image has number 1."""
        count = len(self._classes)
        if self._split == "all":
            return np.arange(1, count + 1)
        numbers = read_numbers(self._folder / _SPLITS, _NUMBERS[self._split])
        if numbers.max() > count:
            raise RequestError(
                f"{self._folder / _SPLITS} has image {numbers.max()}, but {_LABELS} next to it has "
                f"{count} images: download both from {_URL}"
            )
        return numbers


def _name(number: int) -> str:
    return f"jpg/image_{number:05}.jpg"


def _find(path: Path) -> Path:
    """The archive or the folder of images; the .mat files are in the same folder as it."""
    if path.is_file():
        return path
    # torchvision creates a subfolder in its root.
    for folder in (path, path / "flowers-102"):
        if (folder / "jpg").is_dir():
            return folder / "jpg"
        if (folder / _ARCHIVE).is_file():
            return folder / _ARCHIVE
    raise RequestError(
        f"there are no flowers in {path}: dataset.path is a folder with {_ARCHIVE} or jpg/, "
        f"{_LABELS} and {_SPLITS}, which are at {_URL}"
    )


def _download() -> Path:
    folder = cache_folder("flowers")
    try:
        for name, (size, sha256) in _FILES.items():
            download(name, [_URL + name], sha256, size, folder)
    except RequestError as error:
        files = ", ".join(
            f"{name} ({size:,} bytes, SHA-256 {sha256})" for name, (size, sha256) in _FILES.items()
        )
        raise RequestError(
            f"{error}; or put these files into {folder}, or into a folder and write "
            f"dataset.path=FOLDER: {files}"
        ) from error
    return folder / _ARCHIVE
