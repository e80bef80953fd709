"""The number of a run's images and their fingerprint, as they are recorded and compared."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from ganzoo.data.collection import Collection

_TEXT = re.compile(r"(\d+) \((\w+)\)")


class DataIdentity(NamedTuple):
    """How many images a run was trained on, and which; as text, ``10000 (4737d815)``."""

    images: int
    fingerprint: str
    """The first 8 hexadecimal digits of the identity of the collection."""

    @classmethod
    def of(cls, data: Collection) -> Self:
        """The identity of these images."""
        return cls(len(data), data.identity[:8])

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """The identity that ``str`` wrote; ``None`` for other texts."""
        parts = _TEXT.fullmatch(text or "")
        return cls(int(parts[1]), parts[2]) if parts else None

    def __str__(self) -> str:
        return f"{self.images} ({self.fingerprint})"
