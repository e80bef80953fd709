"""Flowers that ganzoo draws itself: a dataset of any size that needs no download."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from ganzoo import DatasetSpec, Options, hookimpl


class BlossomsOptions(Options):
    """Which flowers to draw, and how many."""

    count: int = Field(default=10_000, ge=1, description="How many images there are.")
    size: int = Field(
        default=64,
        ge=8,
        le=1024,
        description="Height and width in pixels; training asks for its own resolution instead.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        description="Which flowers: every seed draws others, and one seed always the same.",
    )


@hookimpl
def ganzoo_datasets() -> Iterable[DatasetSpec]:
    """Offer the drawn flowers."""
    return [
        DatasetSpec(
            name="blossoms",
            summary="Flowers drawn by the program, classed by their number of petals, 3 to 8.",
            factory="ganzoo_blossoms.source:blossoms",
            options=BlossomsOptions,
            reference="Drawn by ganzoo itself.",
            recommends={"data.resolution": 32, "train.epochs": 10, "sample.every": 20},
        )
    ]
