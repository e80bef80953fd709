"""Reports as JSON lines, and sheets of samples as picture files."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganzoo import pictures
from ganzoo.folders import RunFolder, write_atomically
from ganzoo.observing.observer import Observer


class Journal(Observer):
    """``metrics.jsonl``: one line per report."""

    def __init__(self, path: Path, step: int) -> None:
        # What a run told after the checkpoint that it goes on from will be told again.
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        kept = [line for line in lines if _step(line) <= step]
        write_atomically(path, "".join(f"{line}\n" for line in kept))
        self._file = path.open("a", encoding="utf-8")

    def reported(self, step: int, scalars: Mapping[str, float]) -> None:
        """Write the report at once, so that a crash costs none."""
        self._file.write(json.dumps({"step": step, **scalars}) + "\n")
        self._file.flush()

    def closed(self) -> None:
        """Close the file."""
        self._file.close()


def _step(line: str) -> float:
    """The step of a line; infinity for one that a crash has torn."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
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
