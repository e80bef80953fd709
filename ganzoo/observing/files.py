"""Reports as JSON lines and files, and sheets of samples as picture files."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from ganzoo import pictures
from ganzoo.folders import RunFolder, write_atomically
from ganzoo.observing.observer import Observer


class Journal(Observer):
    """``metrics.jsonl``: one line per report; and ``nonfinite.json`` if it came to that."""

    def __init__(self, path: Path, step: int) -> None:
        self._path = path
        self._file = self._opened(step)

    def _opened(self, step: int) -> TextIO:
        # What a run told after the checkpoint that it goes on from will be told again.
        told = self._path.read_text(errors="replace") if self._path.exists() else ""
        kept = [line for line in told.splitlines() if _step(line) <= step]
        write_atomically(self._path, "".join(f"{line}\n" for line in kept))
        return self._path.open("a", encoding="utf-8")

    def reported(self, step: int, scalars: Mapping[str, float]) -> None:
        """Write the report at once, so that a crash costs none; where a disk is full, later."""
        self._file.write(json.dumps({"step": step, **scalars}) + "\n")
        self._file.flush()

    def saving(self) -> None:
        """Bring the reports to the disk before the checkpoint that they belong to."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def went_back(self, step: int) -> None:
        """Drop the reports of later steps."""
        before, self._file = self._file, self._opened(step)
        before.close()

    def failed(self, story: Mapping[str, Any]) -> None:
        """Write ``nonfinite.json``: which update was bad, on which pictures."""
        text = json.dumps(story, indent=2) + "\n"
        write_atomically(self._path.with_name("nonfinite.json"), text)

    def closed(self) -> None:
        """Close the file."""
        self._file.close()


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

    def drew(self, name: str, step: int, epoch: float, pixels: NDArray[np.uint8]) -> None:
        """Write the sheet."""
        sheet = self.folder.sheet(step, epoch if self.by_epoch else None)
        pictures.save(pixels, sheet if name == "samples" else sheet.with_name(f"{name}.png"))
