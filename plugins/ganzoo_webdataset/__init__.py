"""Tar files in the form of WebDataset as a dataset, on this machine or in a network."""

from __future__ import annotations

from pydantic import Field

from ganzoo import DataAddress, DatasetSpec, RemoteOptions, hookimpl


class WebDatasetOptions(RemoteOptions):
    """Options of a dataset in tar files."""

    path: DataAddress | None = Field(
        None,
        description="The tar files: a path or an address, such as 'data/train-{000..099}.tar' or "
        "'s3://bucket/train-{000..099}.tar'. Quote braces, because a shell expands them.",
    )
    label_key: str | None = Field(
        None,
        description="The key of the label in the .json of each image: a whole number, a text, or a "
        "list of numbers. Without it, labels are the whole number or text in the .cls files, if "
        "there are any.",
    )
    window: int = Field(
        16384,
        ge=1,
        le=2**24,
        description="Number of images that are shuffled together, from random places of the files.",
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """Register the dataset."""
    return [
        DatasetSpec(
            name="webdataset",
            summary="Image files with their labels in tar files, read from a disk or a network.",
            factory="ganzoo_webdataset.images:WebDatasetImages",
            options=WebDatasetOptions,
            reference="https://github.com/webdataset/webdataset",
        )
    ]
