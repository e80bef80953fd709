"""A dataset from a folder of image files."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, PixelRange, hookimpl


class ImageFolderOptions(Options):
    """The folder, its labels, and what to do with images that cannot be read."""

    path: LocalPath | None = Field(
        None,
        description="The folder of the images; each of several subfolders is a class.",
    )
    labels: LocalPath | None = Field(
        None,
        description="A table of the classes, used instead of the subfolders: a .csv file with the "
        "columns file name and class, or with a column that has the heading label; or a .json "
        "file of StyleGAN2-ADA's dataset tool. A dataset.json in the folder is used by default.",
    )
    on_error: Literal["raise", "skip"] = Field(
        "raise",
        description="What to do with an image that cannot be read: raise ends the run, skip "
        "leaves the image out.",
    )
    range: PixelRange = "auto"


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """The dataset image-folder."""
    return [
        DatasetSpec(
            name="image-folder",
            summary="Your own image files in a folder; subfolders or a table give their classes.",
            factory="ganzoo_image_folder.folder:ImageFolder",
            options=ImageFolderOptions,
        )
    ]
