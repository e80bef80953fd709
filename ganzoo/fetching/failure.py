"""Why no image came from an address."""

from __future__ import annotations

from typing import Literal

Passes = Literal["soon", "later", "never"]
"""When it may pass: while one waits, by the next start or under other limits, or not at all."""


class Failed(Exception):
    """No image came from an address.

    ``reason`` is the same few words for all that failed so; ``detail`` is about this one alone.
    """

    def __init__(self, reason: str, detail: str = "", passes: Passes = "never") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.passes = passes
