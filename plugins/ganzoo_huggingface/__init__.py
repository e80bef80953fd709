"""Images that Hugging Face's library `datasets` reads, from files or from the Hub."""

from __future__ import annotations

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, hookimpl


class HuggingfaceOptions(Options):
    """Options of a dataset of Hugging Face."""

    path: LocalPath | None = Field(
        None,
        description="A Parquet or Arrow file, a folder of such files or of images, or a folder "
        "written by `save_to_disk`.",
    )
    repository: str | None = Field(
        None,
        description="OWNER/NAME of a dataset on the Hugging Face Hub, instead of path; it is "
        "downloaded once.",
    )
    subset: str | None = Field(
        None, description="The subset (configuration) of the repository, if it has several."
    )
    split: str = Field("train", description="The split, such as train, test or train[:10%].")
    image_key: str = Field("image", description="The column with the images.")
    label_key: str | None = Field(
        None, description="The column with the labels; by default label, if there is one."
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """Register the dataset."""
    return [
        DatasetSpec(
            name="huggingface",
            summary="Parquet or Arrow files with images, or a dataset on the Hugging Face Hub.",
            factory="ganzoo_huggingface.images:HuggingfaceImages",
            options=HuggingfaceOptions,
            opens=(".parquet", ".arrow", "folder/*.parquet", "folder/*.arrow", "folder/state.json"),
            reference="https://huggingface.co/docs/datasets",
        )
    ]
