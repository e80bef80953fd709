"""The images in a folder and its subfolders."""

from __future__ import annotations

import contextlib
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ganzoo import (
    Condition,
    EightBitConverter,
    RequestError,
    UnreadableImage,
    find_images,
    fingerprint_of_file,
    fingerprint_of_files,
    images_in_class_folders,
    labels_by_folder,
    open_image,
)
from ganzoo_image_folder.columns import Column
from ganzoo_image_folder.table import read_table

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from ganzoo_image_folder import ImageFolderOptions

TABLE = "dataset.json"
"""The name of the table of labels that StyleGAN2-ADA's dataset tool writes."""
_START = 64
"""The number of bytes at the start of a file that identify its format."""


class ImageFolder:
    """All images in a folder and its subfolders, sorted by name.

    Classes or values come from a table, if there is one. Otherwise each subfolder is a class, with
    everything below it, and images outside the subfolders are left out. If at least half of the
    images are outside, or if there are such images and only one subfolder, all images are kept
    without labels.
    """

    def __init__(self, options: ImageFolderOptions) -> None:
        if options.path is None:
            raise RequestError("image-folder needs a folder of images: write dataset.path=FOLDER")
        self._folder = options.path
        self._skip = options.on_error == "skip"
        files = _Files(options.path, self._skip)
        self._names, notes = find_images(files.names, files.start)
        self._notes = [*notes, *files.notes]
        if not self._names:
            raise RequestError(
                f"no images in {options.path} or its subfolders: write dataset.path=FOLDER for a "
                "folder of images, such as *.jpg, *.png or *.webp"
                + "".join(f"; {note}" for note in self._notes)
            )
        self._table = options.labels
        if options.labels is None and (options.path / TABLE).is_file():
            self._table = options.path / TABLE
        columns = list(map(Column.parse, options.condition))
        if columns and not self._table:
            raise RequestError(
                "dataset.condition names columns of a table: write dataset.labels=FILE.csv"
            )
        self._values: NDArray[Any] | None
        self.condition: Condition | None
        if self._table:
            self._values, self.condition = read_table(self._table, self._names, columns)
        else:
            self._names, notes = images_in_class_folders(self._names)
            self._notes += notes
            self._values, names = labels_by_folder(self._names)
            self.condition = Condition("class", names) if names else None
        self.class_names = self.condition.class_names if self.condition else ()
        paths = [self._folder / name for name in self._names]
        self._converter = EightBitConverter(
            options.range, self._names, paths, self._open, str(self._folder)
        )

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the relative names and the content of the files, and of the table."""
        images = fingerprint_of_files(self._folder, self._names)
        table = f"-{fingerprint_of_file(self._table)}" if self._table else ""
        return f"{images}{table}{self._converter.identity}"

    @property
    def notes(self) -> list[str]:
        """Lines about what is left out, and about ranges of pixel values that were found."""
        return [*self._notes, *self._converter.notes]

    def name(self, index: int) -> str:
        """The image's path relative to the folder."""
        return self._names[index]

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: int) -> tuple[Image, Any]:
        try:
            image = self._converter.convert(open_image(self._folder / self._names[index]))
        except UnreadableImage as error:
            reason = f"{error.reason}; write dataset.on_error=skip to leave such images out"
            raise UnreadableImage(
                error.image, error.reason if self._skip else reason, skip=self._skip
            ) from error
        return image, None if self._values is None else self._values[index].tolist()

    def _open(self, name: str) -> BinaryIO:
        path = self._folder / name
        # Opening a named pipe would block.
        if not path.is_file():
            raise FileNotFoundError(path)
        return path.open("rb")


class _Files:
    """The files in a folder and its subfolders, without hidden ones."""

    def __init__(self, root: Path, skip: bool) -> None:
        self._root = root
        self.names: list[str] = []
        """Relative, with "/" on every system."""
        self.notes: list[str] = []
        """A line for each folder that is left out because it cannot be read."""
        folders, seen = [""], set()
        for folder in folders:
            try:
                status = (root / folder).stat()
                entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
            except OSError as error:
                self._leave_out_or_refuse(folder, error, skip)
                continue
            # Links may lead to a folder twice, or form a cycle.
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            for entry in entries:
                if entry.name.startswith(".") or entry.name == "__MACOSX":
                    continue
                if _is_folder(entry):
                    folders.append(f"{folder}{entry.name}/")
                else:
                    self.names.append(folder + entry.name)

    def start(self, name: str) -> bytes:
        """The first bytes of a file, or nothing if it cannot be read."""
        with contextlib.suppress(OSError):
            # Opening a named pipe would block.
            if (self._root / name).is_file():
                with (self._root / name).open("rb") as file:
                    return file.read(_START)
        return b""

    def _leave_out_or_refuse(self, folder: str, error: OSError, skip: bool) -> None:
        if not folder:
            remedy = "write dataset.path=FOLDER for the folder of the images"
        elif not skip:
            remedy = "write dataset.on_error=skip to leave it out"
        else:
            self.notes.append(f"left out the folder {folder}: {error.strerror}")
            return
        raise RequestError(
            f"cannot read the folder {self._root / folder}: {error.strerror}; {remedy}"
        ) from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    # DirEntry.is_dir raises for a link to itself; Path.is_dir is slower, so it is for links only.
    return Path(entry).is_dir() if entry.is_symlink() else entry.is_dir()
