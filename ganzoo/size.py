"""The size of images as it is shown everywhere."""

from __future__ import annotations


def size(width: int, height: int) -> str:
    """``64 x 48`` for 64 pixels in width and 48 in height, in the order of ``data.resolution``."""
    return f"{width} x {height}"
