"""A folder of images as a dataset."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, PixelRange, hookimpl


class ImageFolderOptions(Options):
    """Which folder, and what to do about what cannot be read."""

    path: LocalPath | None = Field(
        None, description="The folder that holds the images, or one subfolder for each class."
    )
    labels: LocalPath | None = Field(
        None,
        description="A table of the classes, in place of the subfolders: a .csv of two columns, "
        "file names and classes, or with the heading label over one; or a .json as StyleGAN's "
        "tools write it, which is found if it is dataset.json in the folder.",
    )
    on_error: Literal["raise", "skip"] = Field(
        "raise", description="Whether an image that cannot be read ends the run or is left out."
    )
    range: PixelRange = Field(
        "auto",
        description="What black and white are in images of more than 8 bits, LOW..HIGH; auto "
        "finds it out: for whole numbers 0 and the greatest of as many bits as they use, 8 to 16, "
        "for floats 0..1, -1..1 or 0..255, whichever holds them all.",
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """Anyone's own images."""
    return [
        DatasetSpec(
            name="image-folder",
            summary="Your own images: all in a folder, classed by its subfolders or by a table.",
            factory="ganzoo_image_folder.folder:ImageFolder",
            options=ImageFolderOptions,
        )
    ]
