"""Why a URL gave no image."""

from __future__ import annotations

from typing import Literal

Passes = Literal["soon", "later", "never"]
"""When to try again: in this run after a pause, in the next run, or never."""


class Failed(Exception):
    """A URL gave no image.

    ``reason`` is the same short text for all failures of a kind; ``detail`` is about this URL.
    """

    def __init__(self, reason: str, detail: str = "", passes: Passes = "never") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.passes = passes
