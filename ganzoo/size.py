"""The size of images as text, the same in all messages."""

from __future__ import annotations


def size(width: int, height: int) -> str:
    """``64 x 48``: width and height in pixels, in the order of ``data.resolution``."""
    return f"{width} x {height}"
