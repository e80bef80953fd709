"""Trains runs of a sweep, one after the other, beside other processes that do the same."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ganzoo.comparison import value_text
from ganzoo.errors import PluginError, RequestError
from ganzoo.folders import RunFolder
from ganzoo.observers.observer import Observer
from ganzoo.ownership import InUse, LostOwnership
from ganzoo.run import Run
from ganzoo.sweeps.halving import Reached
from ganzoo.sweeps.progress import SweepProgress
from ganzoo.sweeps.rungs import Rungs
from ganzoo.sweeps.stored_runs import StoredRuns
from ganzoo.sweeps.study import Study
from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.trial import Trial
from ganzoo.sweeps.trial_folder import FINISHED, PAUSED, RUNNING, TrialFolder
from ganzoo.training.stopping import stop_requests

_FAILURES = 3
"""So many runs of a search in a row that are refused or fail end it: the cause may be elsewhere."""
_POLL = 1.0
"""Seconds between two looks for runs that other processes have left or ended."""
_REMOVAL = 2.0
"""Seconds in which the system removes a process that was killed, with its memory and locks."""


class Worker:
    """Trains each run of a sweep that no other process trains; a run that has started resumes.

    If a run fails, the error is saved as its state, and the next run starts.
    """

    def __init__(
        self,
        sweep: Sweep,
        progress: SweepProgress,
        stored: StoredRuns,
        runs: Callable[[Trial], Run] | None = None,
    ) -> None:
        self._sweep = sweep
        self._progress = progress
        self._message = progress.observer.on_message
        self._runs = runs or stored
        self._rungs, self._study = sweep.rungs, None
        if sweep.search:
            halves = sweep.rungs is not None
            self._study = Study(sweep.path, sweep.search, stored.resolve, halves=halves)
        self._rung = 0
        """The number of the current rung, if the sweep has any."""
        self._waits = False
        self._tried: set[str] = set()
        self._failures = 0

    def train(self) -> bool:
        """Train until no run is left, or until a request to stop; whether that left any run.

        Raises Stopped if the request arrives before the first step of a run.
        """
        with stop_requests(self._message) as stopping:
            if self._study:
                self._study.check()
                self._study.update()
            while not stopping() and self._failures < _FAILURES and self._train_any():
                if self._study:
                    self._study.update()
            return stopping() and self._sweep.is_incomplete

    def _train_any(self) -> bool:
        """Train one run, also one that becomes free in a moment; whether there was any.

        A process that was killed locks its run until the system has removed it.
        """
        if self._train_next():
            return True
        if all(trial.name in self._tried for trial in self._sweep.open_trials):
            return False
        time.sleep(_REMOVAL)
        return self._train_next()

    def _train_next(self) -> bool:
        """Train one run, add one to a search, or begin a rung; whether there was any."""
        if self._rungs:
            self._show_rung(self._rungs)
        for trial in self._sweep.open_trials:
            folder = self._sweep.folder(trial)
            if trial.name in self._tried:
                continue
            with suppress(InUse), folder.owned(self._message):
                self._tried.add(trial.name)
                if self._is_left(folder):  # another process may have finished it meanwhile
                    self._train(trial)
                    return True
        if self._study is not None and self._study.add_run():
            return True
        return self._rungs is not None and self._end_rung(self._rungs)

    def _is_left(self, folder: TrialFolder) -> bool:
        return self._rungs.is_left(folder, self._rung) if self._rungs else folder.is_open

    def _show_rung(self, rungs: Rungs) -> None:
        """Take the number of the current rung, and show it if it has just begun."""
        if self._rung == (number := rungs.current):
            return
        self._rung, self._waits = number, False
        self._tried.clear()
        part = rungs.halving.part(number)
        length = "the end" if part == 1 else f"{part} of their steps"
        self._message(f"rung {number} of {rungs.halving.rungs}: runs are trained to {length}")

    def _end_rung(self, rungs: Rungs) -> bool:
        """Begin the next rung, or wait for processes that train in this one; whether it did."""
        if self._rung == rungs.halving.rungs:
            return False
        folders = list(map(self._sweep.folder, self._sweep.trials))
        if left := rungs.left(self._rung, folders):
            if all(each.path.name in self._tried and each.state != RUNNING for each in left):
                return False
            if not self._waits:
                self._waits = True
                self._message(f"waiting for other processes, which train runs of rung {self._rung}")
            time.sleep(_POLL)
            return True
        with suppress(InUse):
            going, metric = rungs.end(self._rung, folders), rungs.halving.metric
            how = f"runs that go on: {going}" if going else f"no run has a value of {metric}"
            self._message(f"rung {self._rung} has ended; {how}")
            return bool(going)
        time.sleep(_POLL)
        return True

    def _train(self, trial: Trial) -> None:
        folder, number = self._sweep.folder(trial), self._sweep.number(trial)
        self._progress.on_run_start(number, trial)
        state = ""
        try:
            state = self._state_after(trial, folder.run)
            if self._rungs and state in (PAUSED, FINISHED):
                state = self._reached(self._rungs, folder, state)
            elif state:
                folder.write(state)
        finally:
            self._progress.on_run_end(number, trial, state or "left before its end")
        failed = bool(self._study) and state.startswith(("refused", "failed"))
        self._failures = self._failures + 1 if failed else 0
        if self._failures == _FAILURES:
            self._message(
                f"{_FAILURES} runs in a row could not be trained, so this search stops; the last: "
                f"{state}"
            )

    def _reached(self, rungs: Rungs, folder: TrialFolder, state: str) -> str:
        """Record what a run has reached at the end of the rung; returns it in words."""
        from ganzoo.evaluation.record import EvaluationResult
        from ganzoo.training.checkpoint import Checkpoints

        is_last = self._rung == rungs.halving.rungs
        if state == PAUSED or is_last:
            step = max(Checkpoints(folder.run.checkpoints, keep=1).steps())
            evaluations = EvaluationResult.read(folder.run.evaluations)
            reached = Reached.at(step, evaluations, rungs.halving.metric)
            folder.write_reached(self._rung, reached)
        if state == FINISHED:  # by an observer, in another rung than the last one
            folder.write(state)
            return state
        folder.forget()
        value = reached.score.value if reached.score else None
        return f"rung {self._rung}: {value_text(rungs.halving.metric, value)}"

    def _state_after(self, trial: Trial, folder: RunFolder) -> str:
        """Train a run and return its state; empty if another process trains it."""
        from ganzoo.training.recovery import Diverged

        try:
            part = {"part": self._rungs.halving.part(self._rung)} if self._rungs else {}
            return _train(self._runs(trial), folder, self._progress.observer, **part)
        except Diverged as error:
            return f"diverged: {error}"
        except (InUse, LostOwnership) as error:
            self._message(str(error))
            return ""
        except RequestError as error:
            return f"refused: {error}"
        except PluginError as error:
            return f"failed: {error}"
        except Exception as error:  # noqa: BLE001 - an error in one run must not stop the others
            return f"failed: {type(error).__name__}: {textwrap.shorten(str(error), 200)}"


def _train(run: Run, folder: RunFolder, progress: Observer, **part: Any) -> str:
    from ganzoo.training import session
    from ganzoo.training.speed_settings import as_started

    if folder.settings.exists():
        return session.resume(as_started(run, folder), folder, progress, **part).value
    _, outcome = session.train(run, lambda: _prepared(folder), progress, **part)
    return outcome.value


def _prepared(folder: RunFolder) -> RunFolder:
    """Create the folder of a new run; parts of it may exist after a crash."""
    for path in (folder.checkpoints, folder.samples):
        path.mkdir(parents=True, exist_ok=True)
    return folder
