"""Oxford Flowers 102: photographs of flowers in 102 classes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, hookimpl


class FlowersOptions(Options):
    """Options of Oxford Flowers 102."""

    path: LocalPath | None = Field(
        None,
        description="The folder with the published files, where jpg/ may be unpacked, or "
        "102flowers.tgz itself, next to the other files. Without it, the files are downloaded "
        "into the cache (345 MB).",
    )
    split: Literal["all", "train", "valid", "test"] = Field(
        "all",
        description="all has 8,189 photographs, train 1,020, valid 1,020 and test 6,149.",
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """Register the dataset."""
    return [
        DatasetSpec(
            name="flowers",
            summary="Oxford Flowers 102: 8,189 photographs of flowers in 102 classes.",
            factory="ganzoo_flowers.flowers:Flowers",
            options=FlowersOptions,
            reference="Nilsback & Zisserman 2008, "
            "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/",
        )
    ]
