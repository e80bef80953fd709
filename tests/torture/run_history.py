"""One run that is interrupted many times, and the checks after each of its processes."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch

from ganzoo import RequestError
from ganzoo.folders import RunFolder
from ganzoo.training.loop import Outcome
from tests.sameness import same
from tests.torture import process
from tests.torture.disturbed_runs import EVERY, DisturbedRun, results
from tests.torture.faults import LASTING, Fault
from tests.torture.file_damage import damage_newest, is_valid, leave_stray_files, newest_valid
from tests.torture.process import Ending, run_child

REPORTS = "metrics.jsonl"


@dataclass(frozen=True)
class Disturbance:
    """A signal to a process after some seconds, or a fault that is injected into it."""

    after: float | None = None
    by: signal.Signals = signal.SIGKILL
    fault: Fault | None = None

    @property
    def raises(self) -> bool:
        """Whether it raises an error that the process may handle."""
        return self.fault is not None and self.fault.error is not None

    @property
    def category(self) -> str:
        """The row of the results that it counts in."""
        if self.fault is None:
            return f"{self.by.name} at any moment" if self.after is not None else "undisturbed"
        return f"{'OSError' if self.raises else 'death'}: {self.fault.point.name}"

    def happened(self, ending: Ending) -> bool:
        """Whether the process ran until the disturbance."""
        if self.raises:
            return str(self.fault) in ending.output
        return ending.was_killed or ending.status == process.STOPPED

    def __str__(self) -> str:
        return str(self.fault) if self.fault else f"{self.category} ({self.after} s)"


class RunHistory:
    """The processes of one run from start to end, and the checks between them."""

    def __init__(self, run: DisturbedRun, place: Path) -> None:
        self.run = run
        self.folder = place / "run"
        self._place = place
        self._affected: set[str] = set()
        """Results that may be missing because of an OSError."""
        self._newest = -1
        """The step of the newest checkpoint that was valid and was not damaged on purpose."""
        self._damaged: Path | None = None
        """The checkpoint that was damaged on purpose, until the run is resumed."""
        place.mkdir(parents=True)

    def run_process(self, number: int, disturbance: Disturbance) -> tuple[Ending, list[str]]:
        """Run the next process; how it ended, and the problems after it."""
        sessions = self._sessions()
        ending = self._run_process(number, disturbance)
        if disturbance.fault and disturbance.raises:
            self._affected.update(disturbance.fault.point.affects)
            lasting = disturbance.fault.times == LASTING
            if self.run.rolls_back and lasting and disturbance.fault.point.name.endswith(REPORTS):
                self._affected.add(REPORTS)  # after a rollback reports would be written again
        began = self._sessions() > sessions
        return ending, list(self._problems(disturbance, ending, began=began))

    def _sessions(self) -> int:
        return len(RunFolder(self.folder).sessions())

    def _run_process(self, number: int, disturbance: Disturbance) -> Ending:
        def work() -> Outcome:
            torch.set_num_threads(1)
            os.environ["GANZOO_CACHE"] = str(self._place / "cache")
            if disturbance.fault:
                disturbance.fault.inject()
            return self.run.train_or_resume(self.folder)

        if self.folder.exists() and not (self.folder / "run.toml").exists():
            shutil.rmtree(self.folder)  # the process died before anything was saved
        log = self._place / f"{number:02}.log"
        ending = run_child(work, log, disturbance.after, disturbance.by)
        with log.open("a") as file:
            print(f"-- {disturbance}: {ending.process} ended with {ending.status}", file=file)
        return ending

    def change_files(self, random: Random) -> str | None:
        """Damage the newest checkpoint or leave stray files; what was done, or None."""
        if not self._sessions():
            return None
        if random.random() < 0.3:
            return leave_stray_files(self.folder, random)
        if not (done := damage_newest(self.folder, random)):
            return None
        way, self._damaged = done
        self._newest = newest_valid(self.folder)
        return way

    def _problems(self, disturbance: Disturbance, ending: Ending, *, began: bool) -> Iterator[str]:
        """The problems after a process; ``began`` says whether it started to train."""
        yield from _bad_endings(disturbance, ending)
        if began or ending.status == process.COMPLETE:
            yield from self._partial_files(ending.process)
        yield from self._bad_checkpoints(ending, began=began)

    def results(self) -> dict[str, Any]:
        """The results of the run."""
        return results(self.folder)

    def differences(self, expected: dict[str, Any]) -> list[str]:
        """The results that differ from those of an undisturbed run."""
        try:
            found = self.results()
        except (RequestError, ValueError, OSError) as error:
            return [f"the results cannot be read: {error}"]
        names = sorted(expected.keys() - self._affected)
        return [
            f"{name}: differs from the undisturbed run"
            for name in names
            if not same(found[name], expected[name])
        ]

    def _partial_files(self, child: int) -> Iterator[str]:
        for part in self.folder.rglob(".*.part"):
            if f".{child}-" not in part.name:
                yield f"{part.name} was not removed"

    def _bad_checkpoints(self, ending: Ending, *, began: bool) -> Iterator[str]:
        if began and self._damaged:
            if "is damaged" not in ending.output:
                yield f"{self._damaged.name} was damaged, but no message said so"
            if not self._damaged.with_name(f"{self._damaged.name}.corrupt").exists():
                yield f"{self._damaged.name} was damaged, but was not renamed"
        if began or (self._damaged and not self._damaged.exists()):
            self._damaged = None
        for path in (self.folder / "checkpoints").glob("step-*.pt"):
            if path != self._damaged and not is_valid(path):
                yield f"{path.name} is not valid"
        newest = newest_valid(self.folder)
        # A rollback removes the checkpoint that was written when the run was stopped.
        if newest < self._newest - (EVERY if self.run.rolls_back else 0):
            yield f"the newest valid checkpoint was of step {self._newest}, and is of {newest}"
        self._newest = newest


def _bad_endings(disturbance: Disturbance, ending: Ending) -> Iterator[str]:
    last = (ending.output.splitlines() or ["no output"])[-1]
    if ending.status == process.HUNG:
        yield f"it hung for {process.SECONDS} seconds: {last}"
    elif ending.status < 0 and not ending.was_killed:
        yield f"it died of signal {-ending.status}: {last}"
    elif ending.status in (process.REFUSED, process.FAILED) and not disturbance.raises:
        yield f"it ended with an unexpected error: {last}"
    elif ending.status == process.CRASHED or "Traceback" in ending.output:
        yield f"there was a traceback: {last}"
