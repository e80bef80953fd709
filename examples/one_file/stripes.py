"""A dataset in one file: ``ganzoo train stripes mlp hinge --plugin stripes.py``."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganzoo import DatasetSpec, Options, hookimpl


class StripesOptions(Options):
    """Options of the stripes."""

    count: int = Field(1000, ge=1, description="Number of images.")


class Stripes:
    """Black and white stripes, 1 to 8 pixels wide, horizontal and vertical in turn."""

    class_names = ("horizontal", "vertical")

    def __init__(self, options: StripesOptions) -> None:
        self.count = options.count

    @property
    def fingerprint(self) -> str:
        """A string that identifies the images; the 1 is the version of the drawing code."""
        return f"stripes-1-{self.count}"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int]:
        width, vertical = divmod(range(self.count)[index] % 16, 2)
        line = (np.arange(32) // (width + 1) % 2 * 255).astype(np.uint8)
        image = np.tile(line, (32, 1)) if vertical else np.tile(line[:, None], 32)
        return image[..., None], vertical


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """One dataset."""
    return [
        DatasetSpec(
            name="stripes",
            summary="Horizontal or vertical stripes.",
            factory=Stripes,
            options=StripesOptions,
            recommends={"data.resolution": 32},
        )
    ]
