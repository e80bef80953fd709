"""Whatever the library `datasets` of Hugging Face reads, as a dataset."""

from __future__ import annotations

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, hookimpl


class HuggingfaceOptions(Options):
    """Which files or which repository, and what its columns are called."""

    path: LocalPath | None = Field(
        None,
        description="A Parquet or Arrow file, or a folder of them, of images, or of "
        "`save_to_disk`.",
    )
    repository: str | None = Field(
        None, description="OWNER/NAME on the hub, in place of files: it is downloaded once."
    )
    subset: str | None = Field(
        None, description="Which of the subsets that the repository offers, if there are many."
    )
    split: str = Field("train", description="Which part, such as train, test or train[:10%].")
    image_key: str = Field("image", description="The column of the images.")
    label_key: str | None = Field(
        None, description="The column of the labels: label, if there is one, if not given."
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """Files in the formats of Hugging Face, and its hub."""
    return [
        DatasetSpec(
            name="huggingface",
            summary="Parquet or Arrow files with images, or a repository on the Hugging Face hub.",
            factory="ganzoo_huggingface.images:HuggingfaceImages",
            options=HuggingfaceOptions,
            reference="https://huggingface.co/docs/datasets",
        )
    ]
