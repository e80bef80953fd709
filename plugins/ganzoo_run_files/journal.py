"""An observer that writes reports and evaluations as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ganzoo import (
    EvaluationResult,
    JsonLinesFile,
    ObservedRun,
    Observer,
    Options,
    write_atomically,
)


class Journal(Observer):
    """Writes ``metrics.jsonl``, ``evaluations.jsonl``, and ``nonfinite.json`` if it happens."""

    def __init__(self, options: Options, *, run: ObservedRun) -> None:
        self._nonfinite = run.folder.nonfinite
        self._reports = JsonLinesFile(run.folder.metrics, run.step)
        self._evaluations = JsonLinesFile(run.folder.evaluations, run.step)

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Write the report."""
        self._reports.write(step, json.dumps({"step": step, **scalars}))

    def on_evaluation_end(self, found: EvaluationResult) -> None:
        """Write the metrics as another line of the step, and the evaluation with its conditions."""
        line = {"step": found.step, "images_seen": found.images_seen, **found.scalars}
        try:
            self._reports.write(found.step, json.dumps(line))
        finally:
            self._evaluations.write(found.step, found.line())

    def on_nonfinite(self, details: Mapping[str, Any]) -> None:
        """Write ``nonfinite.json``: the update that was not finite, and its images."""
        write_atomically(self._nonfinite, json.dumps(details, indent=2) + "\n")

    def on_checkpoint_start(self) -> None:
        """Write all lines to the disk, before the checkpoint of the same step."""
        self._reports.sync()
        self._evaluations.sync()

    def on_rollback(self, step: int) -> None:
        """Remove the lines of later steps."""
        self._reports.remove_after(step)
        self._evaluations.remove_after(step)

    def on_end(self) -> None:
        """Close the files."""
        self._reports.close()
        self._evaluations.close()
