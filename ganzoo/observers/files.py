"""Observers that write reports and evaluations as JSON lines, and samples as image files."""

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
from ganzoo.evaluation.record import EvaluationResult
from ganzoo.folders import RunFolder, write_atomically
from ganzoo.observers.observer import Observer


class _JsonLinesFile(Observer):
    """A file of JSON lines, one per step; opened at a step, it drops the lines of later steps.

    Each line is written immediately, so that a crash loses none. Lines that cannot be written,
    for example because the disk is full, are written later.
    """

    def __init__(self, path: Path, step: float) -> None:
        self._path = path
        self._last = step
        """The step of the last line in the file; a partly written line counts."""
        self._unwritten: list[tuple[int, str]] = []
        self._file: TextIO | None = self._open()

    def _open(self) -> TextIO:
        # A resumed run repeats the steps after its checkpoint, and writes their lines again.
        text = self._path.read_text("utf-8", errors="replace") if self._path.exists() else ""
        kept = [line for line in text.splitlines() if _step(line) <= self._last]
        write_atomically(self._path, "".join(f"{line}\n" for line in kept))
        return self._path.open("a", encoding="utf-8")

    def _write(self, step: int, line: str) -> None:
        self._unwritten.append((step, line))
        self._flush()

    def _flush(self) -> None:
        try:
            self._file = self._file or self._open()
            while self._unwritten:
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

    def on_checkpoint_start(self) -> None:
        """Write all lines to the disk, before the checkpoint of the same step."""
        self._flush()
        if self._file:
            os.fsync(self._file.fileno())

    def on_rollback(self, step: int) -> None:
        """Remove the lines of later steps."""
        self._close()
        self._last = step
        self._unwritten = [each for each in self._unwritten if each[0] <= step]
        self._flush()

    def on_end(self) -> None:
        """Close the file."""
        self._flush()
        self._close()


class Journal(_JsonLinesFile):
    """Writes ``metrics.jsonl``, one line per report, and ``nonfinite.json`` if it happens."""

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Write the report."""
        self._write(step, json.dumps({"step": step, **scalars}))

    def on_evaluation_end(self, found: EvaluationResult) -> None:
        """Write the metrics as another line of the step."""
        line = {"step": found.step, "images_seen": found.images_seen, **found.scalars}
        self._write(found.step, json.dumps(line))

    def on_nonfinite(self, details: Mapping[str, Any]) -> None:
        """Write ``nonfinite.json``: the update that was not finite, and its images."""
        text = json.dumps(details, indent=2) + "\n"
        write_atomically(self._path.with_name("nonfinite.json"), text)


class Evaluations(_JsonLinesFile):
    """Writes ``evaluations.jsonl``, one line per evaluation, with everything it depends on."""

    def on_evaluation_end(self, found: EvaluationResult) -> None:
        """Write the evaluation."""
        self._write(found.step, found.line())


def _step(line: str) -> float:
    """The step of a line; infinity if the line is damaged or incomplete."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return math.inf


class SampleFiles(Observer):
    """Writes sample grids, such as ``samples/step-0001000.png``, and ``samples/real.png``.

    With ``by_epoch`` the names have the epoch, too: ``samples/epoch-0100-step-0031200.png``.
    """

    def __init__(self, folder: RunFolder, *, by_epoch: bool = False) -> None:
        self.folder = folder
        self.by_epoch = by_epoch
        folder.samples.mkdir(exist_ok=True)

    def on_images(self, name: str, step: int, epoch: float, pixels: NDArray[np.uint8]) -> None:
        """Write the grid."""
        self.folder.samples.mkdir(exist_ok=True)
        path = self.folder.sample_grid(step, epoch if self.by_epoch else None)
        imaging.save(pixels, path if name == "samples" else path.with_name(f"{name}.png"))
