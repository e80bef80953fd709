"""Runs that are killed and damaged many times must end like undisturbed ones.

A run is trained by one process after another. Each is killed at some moment, or fails while it
writes a file, until one completes the run. Disturbances depend on the seed, the kind of run, its
number and the number of the process. The folders of failed runs are kept.
"""

from __future__ import annotations

import errno
import itertools
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.torture import process
from tests.torture.disturbed_runs import DisturbedRun, disturbed_runs
from tests.torture.faults import LASTING, POINTS, SAVING, Fault
from tests.torture.run_history import Disturbance, RunHistory

MOST_PROCESSES = 100
"""Largest number of processes of one run."""
_FILE_CHANGES = 0.3
"""The fraction of processes before which files of the run folder are changed."""


@dataclass
class Row:
    """The results of one category of disturbances."""

    what: str
    tried: int = 0
    failed: list[str] = field(default_factory=list)
    """A line for each failure."""


class KillTest:
    """Kills runs and counts failures."""

    def __init__(self, kinds: Sequence[DisturbedRun], seed: int, keep: Path) -> None:
        self.kills = 0
        self._kinds = kinds
        self._seed = seed
        self._keep = keep
        self._rows: dict[str, Row] = {}
        self._undisturbed = {run.name: self._run_undisturbed(run) for run in kinds}

    @property
    def rows(self) -> list[Row]:
        """The results of all categories."""
        return [self._rows[what] for what in sorted(self._rows)]

    def _row(self, what: str) -> Row:
        return self._rows.setdefault(what, Row(what))

    def _run_undisturbed(self, run: DisturbedRun) -> tuple[dict[str, Any], float]:
        """The results of a run without disturbances, and its duration in seconds."""
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as place:
            history = RunHistory(run, Path(place, "alone"))
            ending, failed = history.run_process(0, Disturbance())
            if failed or ending.status != process.COMPLETE:
                raise RuntimeError(f"{run.name} fails without disturbances: {ending.output}")
            return history.results(), time.monotonic() - began

    def kill_at_random(self, kills: int) -> None:
        """Run runs until at least this number of processes was killed."""
        for number in itertools.count():
            if self.kills >= kills:
                return
            run = self._kinds[number % len(self._kinds)]
            self.run_to_completion(run, number, self._random_disturbances(run, number))

    def _random_disturbances(self, run: DisturbedRun, number: int) -> Iterator[Disturbance]:
        _, seconds = self._undisturbed[run.name]
        # A rollback to an older checkpoint than in the undisturbed run gives other results.
        saving = ("checkpoint", "description", "checkpoints' folder")
        errors = [p for p in POINTS if not (run.rolls_back and p.name.endswith(saving))]
        for attempt in itertools.count():
            random = Random(f"{self._seed} {run.name} {number} disturbance {attempt}")
            if random.random() < 0.5:
                by = random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
                yield Disturbance(after=random.uniform(0, seconds), by=by)
            else:
                yield Disturbance(fault=Fault.random(random, errors))

    def run_to_completion(
        self, run: DisturbedRun, number: int, disturbances: Iterator[Disturbance]
    ) -> None:
        """Train a run with these disturbances; keep its folder if it fails."""
        place = self._keep / f"{number:03} {run.name}"
        history = RunHistory(run, place)
        failed = self._run_all(history, number, disturbances)
        failed += history.differences(self._undisturbed[run.name][0])
        row = self._row(f"run: {run.name}")
        row.tried += 1
        if failed:
            row.failed.append("\n  ".join([f"kept in {place}:", *failed]))
        else:
            shutil.rmtree(place)

    def _run_all(
        self, history: RunHistory, number: int, disturbances: Iterator[Disturbance]
    ) -> list[str]:
        failed: list[str] = []
        for attempt, disturbance in enumerate(itertools.islice(disturbances, MOST_PROCESSES)):
            random = Random(f"{self._seed} {history.run.name} {number} files {attempt}")
            if random.random() < _FILE_CHANGES and (done := history.change_files(random)):
                self._row(f"between: {done}").tried += 1
            ending, found = history.run_process(attempt, disturbance)
            row = self._row(
                disturbance.category if disturbance.happened(ending) else Disturbance().category
            )
            row.tried += 1
            named = f"{history.folder.parent.name}, process {attempt}, {disturbance}"
            problems = [f"{named}: {problem}" for problem in found]
            row.failed += problems[:1]
            failed += problems
            self.kills += ending.was_killed
            if ending.status == process.COMPLETE:
                return failed
        return [*failed, f"it is not complete after {MOST_PROCESSES} processes"]


def kill_runs(kills: int, seed: int, keep: Path, steps: int = 60) -> list[Row]:
    """Kill runs of all kinds this many times; the results. Folders of failed runs are kept."""
    keep.mkdir(parents=True, exist_ok=True)
    test = KillTest(disturbed_runs(keep, steps), seed, keep)
    test.kill_at_random(kills)
    return test.rows


def kill_at_every_point(keep: Path, steps: int = 18) -> list[Row]:
    """Kill a run at each point of a save, and let the disk be full; the results."""
    kind, *_ = disturbed_runs(keep, steps)
    test = KillTest([kind], 0, keep)
    full = [point for point in SAVING if point.name in ("write checkpoint", "replace checkpoint")]
    errors = [Disturbance(fault=Fault(p, 0, LASTING, errno.ENOSPC, p.size // 2)) for p in full]
    deaths = [Disturbance(fault=Fault(point, bytes_written=point.size // 2)) for point in SAVING]
    test.run_to_completion(kind, 0, iter([*errors, *deaths, Disturbance()]))
    return test.rows
