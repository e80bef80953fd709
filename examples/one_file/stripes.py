"""A dataset in one file: ``ganzoo train stripes mlp hinge --plugin stripes.py``."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ganzoo import DatasetSpec, Options, hookimpl


class StripesOptions(Options):
    """How many images there are."""

    count: int = Field(1000, ge=1, description="How many images there are.")


class Stripes:
    """Black and white stripes, 1 to 8 pixels wide, every second image's upright."""

    class_names = ("level", "upright")

    def __init__(self, options: StripesOptions) -> None:
        self.count = options.count

    @property
    def fingerprint(self) -> str:
        """What the images depend on; the 1 changes when the drawing does."""
        return f"stripes-1-{self.count}"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int]:
        width, upright = divmod(range(self.count)[index] % 16, 2)
        line = (np.arange(32) // (width + 1) % 2 * 255).astype(np.uint8)
        image = np.tile(line, (32, 1)) if upright else np.tile(line[:, None], 32)
        return image[..., None], upright


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """One dataset."""
    return [
        DatasetSpec(
            name="stripes",
            summary="Stripes, level or upright.",
            factory=Stripes,
            options=StripesOptions,
            recommends={"data.resolution": 32},
        )
    ]
