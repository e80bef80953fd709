"""Oxford Flowers 102: photographs of flowers of 102 kinds."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ganzoo import DatasetSpec, LocalPath, Options, hookimpl


class FlowersOptions(Options):
    """Which of the photographs, and where they are."""

    path: LocalPath | None = Field(
        None,
        description="Where the published files are: a folder that holds them, packed or "
        "unpacked, or 102flowers.tgz itself; downloaded (345 MB) if not given.",
    )
    split: Literal["all", "train", "valid", "test"] = Field(
        "all", description="Which of the 8,189 photographs: all, or 1,020, 1,020 or 6,149 of them."
    )


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """The photographs of Nilsback & Zisserman."""
    return [
        DatasetSpec(
            name="flowers",
            summary="Oxford Flowers 102: 8,189 photographs of flowers of 102 kinds.",
            factory="ganzoo_flowers.flowers:Flowers",
            options=FlowersOptions,
            reference="Nilsback & Zisserman 2008, "
            "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/",
        )
    ]
