"""A zip or tar file of pictures as a dataset."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import Dataset, LocalPath, Options, SampleRange, hookimpl


class ArchiveOptions(Options):
    """Which archive, and what to do about what cannot be read."""

    path: LocalPath | None = Field(
        None,
        description="The .zip or .tar file: folders in it are classes, or a dataset.json as "
        "StyleGAN's tools write it says what they are.",
    )
    on_error: Literal["raise", "skip"] = Field(
        "raise", description="Whether a picture that cannot be read ends the run or is left out."
    )
    range: SampleRange = Field(
        "auto",
        description="What black and white are in pictures of more than 8 bits, LOW..HIGH; auto "
        "finds it out: for whole numbers 0 and the greatest of as many bits as they use, 8 to 16, "
        "for floats 0..1, -1..1 or 0..255, whichever holds them all.",
    )


@hookimpl
def ganzoo_datasets() -> list[Dataset]:
    """Anyone's own pictures, in one file."""
    return [
        Dataset(
            name="archive",
            summary="Your own pictures in a zip or tar file, which is never unpacked.",
            factory="ganzoo_archive.pictures:ArchivePictures",
            options=ArchiveOptions,
        )
    ]
