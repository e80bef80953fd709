"""A zip or tar file of pictures as a dataset."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import Dataset, LocalPath, Options, hookimpl


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
