"""A zip or tar file of images as a dataset."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, PixelRange, hookimpl


class ArchiveOptions(Options):
    """Which archive, and what to do about what cannot be read."""

    path: LocalPath | None = Field(
        None,
        description="The .zip or .tar file: folders in it are classes, or a dataset.json as "
        "StyleGAN's tools write it says what they are.",
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
    """Anyone's own images, in one file."""
    return [
        DatasetSpec(
            name="archive",
            summary="Your own images in a zip or tar file, which is never unpacked.",
            factory="ganzoo_archive.images:ArchiveImages",
            options=ArchiveOptions,
        )
    ]
