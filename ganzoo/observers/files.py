"""Reports as JSON lines and files, and sheets of samples as image files."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from ganzoo import imaging
from ganzoo.evaluation.record import Evaluated
from ganzoo.folders import RunFolder, write_atomically
from ganzoo.observers.observer import Observer


class _Lines(Observer):
    """A file of JSON lines, each of a step, that goes on after the step of a checkpoint.

    Lines are written at once, so that a crash costs none; what a disk does not take is written
    later.
    """

    def __init__(self, path: Path, step: float) -> None:
        self._path = path
        self._last = step
        """The step of the last line that is in the file, or may be."""
        self._unwritten: list[tuple[int, str]] = []
        self._file: TextIO | None = self._opened()

    def _opened(self) -> TextIO:
        # What a run told after the checkpoint that it goes on from will be told again.
        told = self._path.read_text("utf-8", errors="replace") if self._path.exists() else ""
        kept = [line for line in told.splitlines() if _step(line) <= self._last]
        write_atomically(self._path, "".join(f"{line}\n" for line in kept))
        return self._path.open("a", encoding="utf-8")

    def _write(self, step: int, line: str) -> None:
        self._unwritten.append((step, line))
        self._flush()

    def _flush(self) -> None:
        try:
            self._file = self._file or self._opened()
            while self._unwritten:
                step, line = self._unwritten[0]
                self._file.write(f"{line}\n")
                self._file.flush()
                self._last = step
                del self._unwritten[0]
        except OSError:
            self._let_go()
            raise

    def _let_go(self) -> None:
        """Close the file as it is; it is opened anew, without what is torn, for the next line."""
        file, self._file = self._file, None
        if file:
            with suppress(OSError):
                file.close()

    def on_checkpoint_start(self) -> None:
        """Bring the lines to the disk before the checkpoint that they belong to."""
        self._flush()
        if self._file:
            os.fsync(self._file.fileno())

    def on_rollback(self, step: int) -> None:
        """Drop the lines of later steps."""
        self._let_go()
        self._last = step
        self._unwritten = [(when, line) for when, line in self._unwritten if when <= step]
        self._flush()

    def on_end(self) -> None:
        """Close the file."""
        self._flush()
        self._let_go()


class Journal(_Lines):
    """``metrics.jsonl``: one line per report; and ``nonfinite.json`` if it came to that."""

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Write the report."""
        self._write(step, json.dumps({"step": step, **scalars}))

    def on_evaluation_end(self, found: Evaluated) -> None:
        """Write the scores as another line of the step."""
        told = {"step": found.step, "images_seen": found.images_seen, **found.scalars}
        self._write(found.step, json.dumps(told))

    def on_nonfinite(self, story: Mapping[str, Any]) -> None:
        """Write ``nonfinite.json``: which update was bad, on which images."""
        text = json.dumps(story, indent=2) + "\n"
        write_atomically(self._path.with_name("nonfinite.json"), text)


class Evaluations(_Lines):
    """``evaluations.jsonl``: one line per evaluation, with all that its scores depend on."""

    def on_evaluation_end(self, found: Evaluated) -> None:
        """Write the evaluation."""
        self._write(found.step, found.line())


def _step(line: str) -> float:
    """The step of a line; infinity for one that a crash has torn."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return math.inf


class Gallery(Observer):
    """``samples/step-0001000.png`` and so on, and ``samples/real.png``.

    Where samples are drawn by the epoch: ``samples/epoch-0100-step-0031200.png``.
    """

    def __init__(self, folder: RunFolder, *, by_epoch: bool = False) -> None:
        self.folder = folder
        self.by_epoch = by_epoch
        folder.samples.mkdir(exist_ok=True)

    def on_images(self, name: str, step: int, epoch: float, pixels: NDArray[np.uint8]) -> None:
        """Write the sheet."""
        self.folder.samples.mkdir(exist_ok=True)
        sheet = self.folder.sample_grid(step, epoch if self.by_epoch else None)
        imaging.save(pixels, sheet if name == "samples" else sheet.with_name(f"{name}.png"))
