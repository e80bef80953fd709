"""Images and their shape."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganzoo.size import size

RawImage = Image.Image | NDArray[np.uint8]
"""A PIL image of any mode and size, or a uint8 array of shape (H, W, C)."""


class ImageShape(NamedTuple):
    """Channels, height and width of the images of a run, or of one stage of a run."""

    channels: int
    """1 for gray, 3 for color; other numbers are possible, too."""
    height: int
    """In pixels."""
    width: int
    """In pixels."""

    @property
    def aspect(self) -> float:
        """Width / height."""
        return self.width / self.height

    @property
    def size(self) -> str:
        """Width and height in pixels, as messages show them: ``64 x 48``."""
        return size(self.width, self.height)

    def halved_shapes(self, smallest: int = 4, largest: int | None = None) -> list[ImageShape]:
        """This shape and its repeated halves, in ascending order; the last one is this shape.

        Halving stops at an odd side, and before a side would be shorter than ``smallest`` pixels.

        With ``largest``, it raises ValueError unless the shape can be halved once or more and the
        shorter side of the first shape is at most ``largest`` pixels. The message names the nearest
        size that is possible.
        """
        found = [self]
        while not (found[0].height % 2 or found[0].width % 2):
            half = ImageShape(self.channels, found[0].height // 2, found[0].width // 2)
            if min(half.height, half.width) < smallest:
                break
            found.insert(0, half)
        first = found[0]
        if largest and (len(found) == 1 or min(first.height, first.width) > largest):
            raise ValueError(self._cannot_be_halved(smallest, largest))
        return found

    def _cannot_be_halved(self, smallest: int, largest: int) -> str:
        factor = 2
        while min(self.height, self.width) // factor > largest:
            factor *= 2
        height, width = (
            factor * max(smallest, round(side / factor)) for side in (self.height, self.width)
        )
        return (
            f"cannot make images of {self.size} pixels: width and height must be multiples of "
            f"{factor}, and at least {smallest * factor}; set data.resolution: the nearest size "
            f"is {size(width, height)}"
        )
