"""Shards of `ganzoo data pack` as a dataset, on this machine or at an address of a network."""

from __future__ import annotations

from pydantic import Field

from ganzoo import DataAddress, DatasetSpec, RemoteOptions, hookimpl


class ShardsOptions(RemoteOptions):
    """Options of a dataset in shards."""

    path: DataAddress | None = Field(
        None,
        description="The folder of the shards, or its index.json: a path, or an address such as "
        "s3://bucket/flowers, gs://, hf:// or https://.",
    )
    window: int = Field(
        16384,
        ge=1,
        le=2**24,
        description="Number of images that are shuffled together, from random chunks of the "
        "shards.",
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """Register the dataset."""
    return [
        DatasetSpec(
            name="shards",
            summary="Packed images in several files, read in chunks from a disk or a network.",
            factory="ganzoo_shards.images:ShardImages",
            options=ShardsOptions,
            opens=("folder/index.json",),
        )
    ]
