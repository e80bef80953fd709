"""A file of JSON lines, one per step, which a resumed run continues."""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from ganzoo.folders import write_atomically


class JsonLinesFile:
    """A file of JSON lines, each with a number ``step``, for reports of a run.

    If it exists, the lines of steps after ``step`` are removed, and the damaged ones: a resumed run
    repeats these steps and writes their lines again. Each line is written immediately, so that a
    crash loses none. Lines that cannot be written, for example because the disk is full, are kept
    and written later.
    """

    def __init__(self, path: Path, step: float) -> None:
        self.path = path
        """The file."""
        self._last = step
        """The step of the last line in the file; a partly written line counts."""
        self._unwritten: list[tuple[int, str]] = []
        self._file: TextIO | None = None
        if path.exists():
            with suppress(OSError):  # the first line tries it again
                self._file = self._open()

    def _open(self) -> TextIO:
        text = self.path.read_text("utf-8", errors="replace") if self.path.exists() else ""
        lines = (line for line in text.splitlines() if _step(line) <= self._last)
        kept = "".join(f"{line}\n" for line in lines)
        if kept != text:  # another process may append to the file that is replaced
            write_atomically(self.path, kept)
        return self.path.open("a", encoding="utf-8")

    def write(self, step: int, line: str) -> None:
        """Append a line of JSON, which has this ``step``.

        Raises OSError if it cannot be written; the next call tries it again.
        """
        self._unwritten.append((step, line))
        self._flush()

    def _flush(self) -> None:
        try:
            while self._unwritten:
                self._file = self._file or self._open()
                step, line = self._unwritten[0]
                self._file.write(f"{line}\n")
                self._file.flush()
                self._last = step
                del self._unwritten[0]
        except OSError:
            self._close()
            raise

    def _close(self) -> None:
        """Close the file; the next line opens it again and removes a partly written line."""
        file, self._file = self._file, None
        if file:
            with suppress(OSError):
                file.close()

    def sync(self) -> None:
        """Write all lines to the disk, as before a checkpoint of the same step.

        Raises OSError if that fails.
        """
        self._flush()
        if self._file:
            os.fsync(self._file.fileno())

    def remove_after(self, step: int) -> None:
        """Remove the lines of later steps, after a rollback to this step.

        Raises OSError if that fails; the next line tries it again.
        """
        self._close()
        self._last = step
        self._unwritten = [each for each in self._unwritten if each[0] <= step]
        if self.path.exists():
            self._file = self._open()
        self._flush()

    def close(self) -> None:
        """Write all lines and close the file.

        Raises OSError if a line cannot be written.
        """
        self._flush()
        self._close()


def append_line(path: Path, line: str) -> None:
    """Append a line of JSON to a file that the process of a run may have open.

    A line that a crash has cut stays damaged. Raises OSError if the file cannot be written.
    """
    with path.open("ab+") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
        before = b"" if file.read() in (b"", b"\n") else b"\n"
        file.write(before + line.encode() + b"\n")


def _step(line: str) -> float:
    """The step of a line; infinity if the line is damaged or incomplete."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return math.inf
