"""A dataset of the images of two folders."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from ganzoo import RequestError, find_images, fingerprint_of_folder, open_image

if TYPE_CHECKING:
    from ganzoo_cyclegan import FoldersOptions


class TwoFolders:
    """An image of the folder x above one of the folder y, squares of the same size.

    It has as many pairs as the larger folder has images; images of the smaller one are repeated.
    Which images form a pair has no meaning: every term of the loss depends on one of them.
    """

    class_names = ()

    def __init__(self, options: FoldersOptions) -> None:
        if options.x is None or options.y is None:
            raise RequestError(
                "two-folders needs two folders of images: write dataset.x=FOLDER dataset.y=FOLDER"
            )
        self._folders = (options.x, options.y)
        self._files = [image_files(folder) for folder in self._folders]

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the files in both folders."""
        return "-".join(fingerprint_of_folder(folder) for folder in self._folders)

    def __len__(self) -> int:
        return max(map(len, self._files))

    def __getitem__(self, index: int) -> tuple[Image.Image, None]:
        number = range(len(self))[index]
        images = [open_image(files[number % len(files)]) for files in self._files]
        side = max(min(image.size) for image in images)
        pair = Image.new("RGB", (side, 2 * side))
        for place, image in enumerate(images):
            pair.paste(ImageOps.fit(image.convert("RGB"), (side, side)), (0, place * side))
        return pair, None


def image_files(folder: Path) -> list[Path]:
    """The image files in a folder and its subfolders; raises RequestError if there are none."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    names, _ = find_images((name for name, path in files.items() if path.is_file()), _no_content)
    if not names:
        raise RequestError(f"no images in {folder}: name a folder that has some")
    return [files[name] for name in names]


def _no_content(name: str) -> bytes:
    """Files without a suffix are left out."""
    return b"\n"
