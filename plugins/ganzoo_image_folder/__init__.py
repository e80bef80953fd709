"""A dataset from a folder of image files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ganzoo import DatasetSpec, LocalPath, Options, PixelRange, hookimpl
from ganzoo_image_folder.columns import checked_columns, split_columns


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
    condition: Annotated[
        tuple[str, ...], BeforeValidator(split_columns), AfterValidator(checked_columns)
    ] = Field(
        (),
        description="Columns of the table with numbers that describe the images, such as hue,size "
        "or hue=0..1 with a range; by default the range is that of the numbers. Columns of 0 and 1 "
        "are classes. With a .json file, these are the names of its numbers.",
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
            opens=("folder",),
        )
    ]
