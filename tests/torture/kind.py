"""A kind of input that ganzoo reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory


@dataclass(frozen=True)
class Kind:
    """A kind of input, and what a correct result is."""

    name: str
    samples: Callable[[], list[bytes]]
    """Whole inputs, the same ones each time."""
    read: Callable[[Path, bytes], None]
    """Read an input as ganzoo does, in an empty folder, and assert that the result is correct."""
    is_text: bool = False
    seal: Callable[[bytes], bytes] = bytes
    """Makes the checksums of a broken input right, so that what they guard is read."""


def written(suffix: str, *writings: Callable[[Path], object]) -> list[bytes]:
    """What these write, each into a file."""
    found = []
    with TemporaryDirectory() as folder:
        for writing in writings:
            path = Path(folder, f"sample{suffix}")
            path.unlink(missing_ok=True)
            writing(path)
            found.append(path.read_bytes())
    return found
