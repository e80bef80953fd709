"""The pictures in a folder and its subfolders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo import RequestError, UnreadablePicture, fingerprint_of_files, open_picture

if TYPE_CHECKING:
    from PIL.Image import Image

    from ganzoo_image_folder import ImageFolderOptions

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)
"""How the name of a picture ends, in any case; other files are passed over."""


class ImageFolder:
    """Every picture below a folder, in the order of their names.

    If all of them lie in subfolders, each subfolder is a class, with whatever is below it.
    Pictures have no labels if any of them lies in the folder itself.
    """

    def __init__(self, options: ImageFolderOptions) -> None:
        if options.path is None:
            raise RequestError("image-folder has no pictures yet: write dataset.path=FOLDER")
        self._folder = options.path
        self._skip = options.on_error == "skip"
        self._names = sorted(_pictures_below(options.path))
        if not self._names:
            raise RequestError(
                f"no picture in {options.path} or below: write dataset.path=FOLDER for the folder "
                f"that holds them, as files named {' '.join('*' + end for end in SUFFIXES)}"
            )
        classes = sorted({_class_of(name) for name in self._names})
        self._labels = {} if "" in classes else {name: i for i, name in enumerate(classes)}

    @property
    def class_names(self) -> list[str]:
        """The names of the subfolders; bytes in them that are no text are written as escapes."""
        encoded = (name.encode(errors="surrogateescape") for name in self._labels)
        return [name.decode(errors="backslashreplace") for name in encoded]

    @cached_property
    def fingerprint(self) -> str:
        """What the files are called, below the folder, and what they hold."""
        return fingerprint_of_files(self._folder, self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: int) -> tuple[Image, int | None]:
        name = self._names[index]
        try:
            return open_picture(self._folder / name), self._labels.get(_class_of(name))
        except UnreadablePicture as error:
            reason = f"{error.reason}; dataset.on_error=skip leaves such pictures out"
            raise UnreadablePicture(
                error.picture, error.reason if self._skip else reason, skip=self._skip
            ) from error


def _class_of(name: str) -> str:
    """The first folder of a relative name, ``""`` if there is none."""
    return name.partition("/")[0] if "/" in name else ""


def _pictures_below(root: Path) -> Iterator[str]:
    """Relative names, with "/" on every system, of what is called like a picture."""
    folders, seen = [""], set()
    for folder in folders:
        try:
            status = (root / folder).stat()
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError as error:
            raise RequestError(
                f"cannot read the folder {root / folder}: {error.strerror}; "
                "dataset.path is the folder that holds the pictures"
            ) from error
        # Links may lead to a folder twice, or round in circles.
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        for entry in entries:
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                continue
            if _is_folder(entry):
                folders.append(f"{folder}{entry.name}/")
            elif entry.name.lower().endswith(SUFFIXES):
                yield folder + entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    # Only Path has an answer for a link to itself, and only links are worth the question.
    return Path(entry).is_dir() if entry.is_symlink() else entry.is_dir()
