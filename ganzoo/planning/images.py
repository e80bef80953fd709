"""What a plan knows about the images that a run is to be trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from ganzoo.measured_results import MeasuredImages
from ganzoo.size import size

Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""

_OTHER_COLORS = 10.0
"""The distance of gray images from color images, more than that of any usual numbers of images."""
_LARGER, _SMALLER = 2.0, 0.25
"""The distance per doubling, if images are smaller than the measured ones, or larger."""


@dataclass(frozen=True, kw_only=True)
class PlannedImages:
    """Facts about a set of images."""

    name: str
    """For people: the dataset, or the folder or file."""
    count: int
    channels: int
    """Of each image in training: 1 for gray images."""
    resolution: int = 0
    """The largest suitable height and width; 0 for images that are drawn at any."""
    sizes: str = ""
    """For people: their widths and heights."""
    classes: int = 0
    condition: str = ""
    """``class``, ``classes`` or ``vector``; empty if nothing is known about each image."""
    cropped: float = 0.0
    """The share of an image that is cut off, 0 to 1."""
    unreadable: int = 0
    repeated: int = 0
    """Images with the same pixels as another one."""
    seconds_each: float = 0.0
    """The time to prepare an image here."""

    def distance(self, measured: MeasuredImages) -> float:
        """How little these images resemble measured ones: in number, colors and size."""
        side = min(measured.shape[1:])
        far = abs(math.log(self.count / measured.count))
        if (self.channels == 1) != (measured.shape[0] == 1):
            far += _OTHER_COLORS
        if self.resolution:
            doublings = math.log2(self.resolution / side)
            far += doublings * _SMALLER if doublings > 0 else -doublings * _LARGER
        return far

    def fits(self, wanted: Size) -> bool:
        """Whether few of the images would be enlarged much to this size."""
        return not self.resolution or min(wanted) <= self.resolution

    def reduced(self, wanted: Size) -> Size:
        """This size, halved until the images are as large."""
        while not self.fits(wanted) and min(wanted) >= 8:
            wanted = (wanted[0] // 2, wanted[1] // 2)
        return wanted

    def sentence(self) -> str:
        """The facts in one sentence."""
        found = [f"{self.count:,} images in {'gray' if self.channels == 1 else 'color'}"]
        if self.sizes:
            found.append(f"{self.sizes} pixels")
        if self.classes > 1:
            found.append(f"{self.classes} classes")
        if self.cropped >= 0.005:
            found.append(f"{self.cropped:.0%} of an image is cropped off")
        for number, what in (
            (self.repeated, "have the same pixels as another one"),
            (self.unreadable, "cannot be read and are left out"),
        ):
            if number:
                found.append(f"{number:,} {what}")
        return f"{self.name}: {', '.join(found)}"


def named_size(pixels: Size) -> str:
    """A size for people, such as ``64 x 48``."""
    return size(*pixels)


def resolution_of(pixels: Size) -> int | str:
    """A size as a value of ``data.resolution``."""
    width, height = pixels
    return width if width == height else f"{width}x{height}"
