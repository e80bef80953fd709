"""Trains runs of a sweep, one after the other, beside other processes that do the same."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from contextlib import suppress

from ganzoo.errors import PluginError, RequestError
from ganzoo.folders import RunFolder
from ganzoo.observers.observer import Observer
from ganzoo.ownership import InUse, LostOwnership
from ganzoo.run import Run
from ganzoo.sweeps.progress import SweepProgress
from ganzoo.sweeps.stored_runs import StoredRuns
from ganzoo.sweeps.study import Study
from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.trial import Trial
from ganzoo.training.stopping import stop_requests

_FAILURES = 3
"""So many runs of a search in a row that are refused or fail end it: the cause may be elsewhere."""


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
        self._study = Study(sweep.path, sweep.search, stored.resolve) if sweep.search else None
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
            while not stopping() and self._failures < _FAILURES and self._train_next():
                if self._study:
                    self._study.update()
            return stopping() and self._sweep.is_incomplete

    def _train_next(self) -> bool:
        """Train one run, or add one to a search; whether there was any."""
        for trial in self._sweep.open_trials:
            folder = self._sweep.folder(trial)
            if trial.name in self._tried:
                continue
            with suppress(InUse), folder.owned(self._message):
                self._tried.add(trial.name)
                if folder.is_open:  # another process may have finished it meanwhile
                    self._train(trial)
                    return True
        return self._study is not None and self._study.add_run()

    def _train(self, trial: Trial) -> None:
        folder, number = self._sweep.folder(trial), self._sweep.number(trial)
        self._progress.on_run_start(number, trial)
        state = ""
        try:
            state = self._state_after(trial, folder.run)
            if state:
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

    def _state_after(self, trial: Trial, folder: RunFolder) -> str:
        """Train a run and return its state; empty if another process trains it."""
        from ganzoo.training.recovery import Diverged

        try:
            return _train(self._runs(trial), folder, self._progress.observer)
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


def _train(run: Run, folder: RunFolder, progress: Observer) -> str:
    from ganzoo.training import session

    if folder.settings.exists():
        return session.resume(run, folder, progress).value
    _, outcome = session.train(run, lambda: _prepared(folder), progress)
    return outcome.value


def _prepared(folder: RunFolder) -> RunFolder:
    """Create the folder of a new run; parts of it may exist after a crash."""
    for path in (folder.checkpoints, folder.samples):
        path.mkdir(parents=True, exist_ok=True)
    return folder
