"""A dataset from a zip or tar file of images."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, PixelRange, hookimpl


class ArchiveOptions(Options):
    """The archive, and what to do with images that cannot be read."""

    path: LocalPath | None = Field(
        None,
        description="The .zip or .tar file. Its folders are the classes, unless it contains a "
        "dataset.json of StyleGAN2-ADA's dataset tool.",
    )
    on_error: Literal["raise", "skip"] = Field(
        "raise",
        description="What to do with an image that cannot be read: raise ends the run, skip "
        "leaves the image out.",
    )
    range: PixelRange = "auto"


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """The dataset archive."""
    return [
        DatasetSpec(
            name="archive",
            summary="Your own image files in a zip or tar file, read without unpacking it.",
            factory="ganzoo_archive.images:ArchiveImages",
            options=ArchiveOptions,
            opens=(".zip", ".tar", ".tar.gz", ".tgz"),
        )
    ]
