"""An observer that warns of faults while a run trains."""

from __future__ import annotations

from collections.abc import Mapping

from ganzoo import EvaluationResult, ObservedRun, Observer, Options
from ganzoo_doctor.checks import examine
from ganzoo_doctor.history import History

_ALL_CHECKED = 100
"""So many reports are all checked, then every second, and after ten times as many every tenth."""


class Warnings(Observer):
    """Warns of each fault once in each start of a run.

    What was reported before a resume counts, because it is read from the files of the run.
    """

    def __init__(self, options: Options, *, run: ObservedRun) -> None:
        self._warn, self._folder = run.warn, run.folder.path
        self._history = History.read(run.folder, run.settings, run.step)
        self._history.nonfinite = False  # that it ended so before is no fault of this start
        self._warned: set[str] = set()

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Check all numbers with those of this report."""
        self._history.reports.append({"step": step, **scalars})
        count = len(self._history.reports)
        # A check reads all reports, so that of long runs not each one is followed by one.
        if count % max(1, count // _ALL_CHECKED) == 0:
            self._check()

    def on_evaluation_end(self, found: EvaluationResult) -> None:
        """Check all numbers with those of this evaluation."""
        self._history.evaluations.append(found)
        self._check()

    def on_rollback(self, step: int) -> None:
        """Forget the reports of later steps, which will be repeated."""
        self._history.forget_after(step)

    def _check(self) -> None:
        for finding in examine(self._history):
            if finding.kind == "fault" and finding.name not in self._warned:
                self._warned.add(finding.name)
                remedy = finding.command(self._folder)
                self._warn(finding.sentence + (f"; try `{remedy}`" if remedy else ""))
