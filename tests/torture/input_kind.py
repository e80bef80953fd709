"""A kind of input that ganzoo reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory


@dataclass(frozen=True)
class InputKind:
    """Samples of a kind of input, and a check of reading it."""

    name: str
    samples: Callable[[], list[bytes]]
    """Valid inputs, the same each time."""
    read: Callable[[Path, bytes], None]
    """Write an input into an empty folder, read it as ganzoo does, and check the result."""
    is_text: bool = False
    fix_checksums: Callable[[bytes], bytes] = bytes
    """Corrects the checksums of a broken input, so that its content is read."""


def file_contents(suffix: str, *writings: Callable[[Path], object]) -> list[bytes]:
    """The contents of the files that these functions write."""
    found = []
    with TemporaryDirectory() as folder:
        for writing in writings:
            path = Path(folder, f"sample{suffix}")
            path.unlink(missing_ok=True)
            writing(path)
            found.append(path.read_bytes())
    return found
