"""Images of flowers that ganzoo draws: a dataset of any size that needs no download."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from ganzoo import DatasetSpec, Options, hookimpl


class BlossomsOptions(Options):
    """Options of the drawn flowers."""

    count: int = Field(default=10_000, ge=1, description="Number of images.")
    size: int = Field(
        default=64,
        ge=8,
        le=1024,
        description="Height and width in pixels. Training ignores it: it draws the images at "
        "data.resolution.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        description="Random seed: the same seed always gives the same images.",
    )
    condition: Literal["class", "petals", "vector"] = Field(
        default="class",
        description="What is told about each image: class is the number of petals as a class, "
        "petals is this number as a value, vector has the values petals, hue (0 is blue, 1 yellow) "
        "and size (the radius in heights of the image).",
    )


@hookimpl
def ganzoo_datasets() -> Iterable[DatasetSpec]:
    """Register the dataset."""
    return [
        DatasetSpec(
            name="blossoms",
            summary="Synthetic images of flowers, drawn without a download; the class is the "
            "number of petals, 3 to 8.",
            factory="ganzoo_blossoms.blossoms:make_blossoms",
            options=BlossomsOptions,
            reference="Drawn by ganzoo itself.",
            recommends={"data.resolution": 32, "train.epochs": 10, "sample.every": 20},
        )
    ]
