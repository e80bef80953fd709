"""The images in an archive."""

from __future__ import annotations

import io
import posixpath
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO

from ganzoo import (
    Condition,
    EightBitConverter,
    RequestError,
    UnreadableImage,
    condition_by_table,
    find_images,
    fingerprint_of_file,
    images_in_class_folders,
    labels_by_folder,
    open_image,
    parse_dataset_json,
    strip_common_folder,
)
from ganzoo_archive.members import open_archive

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from ganzoo_archive import ArchiveOptions

_TABLE = "dataset.json"


class ArchiveImages:
    """All images in a zip or tar file, sorted by name.

    Classes or values come from a dataset.json, if there is one. Otherwise each folder is a class,
    with everything below it; a folder that contains all images is not a class. The few images
    outside the class folders are left out.
    """

    def __init__(self, options: ArchiveOptions) -> None:
        if options.path is None:
            raise RequestError(
                "archive needs a file of images: write dataset.path=FILE.zip or FILE.tar"
            )
        self._path = options.path
        self._skip = options.on_error == "skip"
        self._members = open_archive(options.path)
        self._names, self._notes = find_images(self._members.names, self._start)
        if not self._names:
            raise RequestError(
                f"no images in {options.path}: it must contain some, such as *.jpg or *.png"
                + "".join(f"; {note}" for note in self._notes)
            )
        self._values, self.condition = self._find_values()
        self.class_names = self.condition.class_names if self.condition else ()
        self._converter = EightBitConverter(
            options.range, self._names, [self._path], self._open, str(self._path)
        )

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the archive's content; its path does not matter."""
        return f"{fingerprint_of_file(self._path)}{self._converter.identity}"

    @property
    def notes(self) -> list[str]:
        """Lines about what is left out, and about ranges of pixel values that were found."""
        return [*self._notes, *self._converter.notes]

    def name(self, index: int) -> str:
        """The image's path in the archive."""
        return self._names[index]

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: int) -> tuple[Image, Any]:
        name = self._names[index]
        where = f"{name} in {self._path}"
        try:
            image = self._converter.convert(open_image(self._open(name), where))
        except ValueError as error:
            reason = error.reason if isinstance(error, UnreadableImage) else str(error)
            if not self._skip:
                reason += "; write dataset.on_error=skip to leave such images out"
            raise UnreadableImage(where, reason, skip=self._skip) from error
        return image, None if self._values is None else self._values[index].tolist()

    def _open(self, name: str) -> BinaryIO:
        return io.BytesIO(self._members.read(name))

    def _start(self, name: str) -> bytes:
        try:
            return self._members.read(name)
        except ValueError:
            return b""

    def _find_values(self) -> tuple[NDArray[Any] | None, Condition | None]:
        tables = [name for name in self._members.names if posixpath.basename(name) == _TABLE]
        if not tables:
            self._names, notes = images_in_class_folders(self._names, ignore_common_folder=True)
            self._notes += notes
            labels, names = labels_by_folder(strip_common_folder(self._names))
            return labels, Condition("class", names) if names else None
        name = min(tables, key=lambda name: (name.count("/"), name))
        table = f"{name} in {self._path}"
        try:
            content = self._members.read(name)
        except ValueError as error:
            raise RequestError(f"cannot read {table}: {error}") from error
        rows = parse_dataset_json(content, table)
        if rows is None:
            return None, None
        folder = name.removesuffix(_TABLE)
        return condition_by_table(rows, [name.removeprefix(folder) for name in self._names], table)
