"""The folder of a sweep, and the training of its runs, one after the other."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ganzoo.errors import PluginError, RequestError
from ganzoo.folders import RunFolder, write_atomically
from ganzoo.journal import Journal
from ganzoo.launcher import require_single_process
from ganzoo.ownership import owned
from ganzoo.sweeps.naming import describe, safe_name
from ganzoo.sweeps.trial import Result, Trial

if TYPE_CHECKING:
    from ganzoo.observers.observer import Observer
    from ganzoo.run import Run
    from ganzoo.training.loop import Outcome

FILE = "sweep.json"


def require_one_process(run: Run) -> None:
    """Raise RequestError if a run uses several processes, which a sweep cannot train."""
    require_single_process("a sweep")
    if (run.train.devices or 1) > 1:
        raise RequestError(
            f"train.devices={run.train.devices}: the runs of a sweep train in one process"
        )


class Sweep:
    """The folder of a sweep: a run folder for each trial, and ``sweep.json``, which lists them."""

    def __init__(self, path: Path, trials: list[Trial]) -> None:
        self.path = path
        self.trials = trials

    def __repr__(self) -> str:
        return f"Sweep({str(self.path)!r}, {len(self.trials)} runs)"

    @property
    def started(self) -> list[RunFolder]:
        """The folders of the runs that have started."""
        folders = [RunFolder(self.path / trial.name) for trial in self.trials]
        return [folder for folder in folders if folder.settings.is_file()]

    @classmethod
    def create(cls, path: Path, trials: list[Trial]) -> Self:
        """A new sweep in a new folder.

        Raises RequestError if the path exists already.
        """
        try:
            return cls._make(path, trials)
        except FileExistsError:
            resume = f"resume it with `ganzoo sweep {path}`, or " if (path / FILE).exists() else ""
            raise RequestError(
                f"{path} exists already: {resume}name another folder with --sweep-dir"
            ) from None

    @classmethod
    def create_numbered(cls, parent: Path, title: str, trials: list[Trial]) -> Self:
        """A new sweep in the first of ``title-001``, ``title-002``, ... that does not exist."""
        number = 1
        while True:
            with suppress(FileExistsError):
                return cls._make(parent / f"{safe_name(title)}-{number:03}", trials)
            number += 1

    @classmethod
    def _make(cls, path: Path, trials: list[Trial]) -> Self:
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            raise
        except OSError as error:
            raise RequestError(
                f"cannot create the sweep folder {path}: {error.strerror}"
            ) from error
        sweep = cls(path, trials)
        sweep._write()
        return sweep

    @classmethod
    def open(cls, path: Path) -> Self:
        """The sweep in this folder.

        Raises RequestError if there is none.
        """
        file = path / FILE
        if not path.exists():
            raise RequestError(
                f"there is no sweep folder {path}; for a new sweep, give DATASET ARCHITECTURE LOSS"
            )
        if not file.is_file():
            raise RequestError(f"{path} is not a sweep folder: it has no {FILE}")
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            return cls(path, [Trial.of(trial) for trial in found["trials"]])
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise RequestError(f"cannot read {file}: {error}") from error

    def train(self, runs: Mapping[str, Run], progress: Observer) -> Outcome:
        """Train these runs, by the name of their trial, one after the other.

        A run that has started is resumed. If a run fails, the error is saved as its state and the
        next run starts. A request to stop ends the sweep. Raises RequestError if another process
        is training this sweep.
        """
        from ganzoo.training.loop import Outcome
        from ganzoo.training.stopping import stop_requests

        chosen = [(n, trial) for n, trial in enumerate(self.trials, 1) if trial.name in runs]
        with owned(self.path, progress.on_message), stop_requests(progress.on_message) as stopping:
            for number, trial in chosen:
                if stopping():
                    return Outcome.STOPPED
                differing = describe(trial.differs) or "no list was given"
                progress.on_message(f"run {number} of {len(self.trials)}: {differing}")
                trial.state = self._train_trial(trial, runs[trial.name], progress)
                self._write()
            last_stopped = bool(chosen) and chosen[-1][1].state == Outcome.STOPPED.value
        return Outcome.STOPPED if last_stopped else Outcome.FINISHED

    def _train_trial(self, trial: Trial, run: Run, progress: Observer) -> str:
        """Train one run and return its state."""
        from ganzoo.training.recovery import Diverged

        try:
            return _train(run, RunFolder(self.path / trial.name), progress).value
        except Diverged as error:
            return f"diverged: {error}"
        except RequestError as error:
            return f"refused: {error}"
        except PluginError as error:
            return f"failed: {error}"
        except Exception as error:  # noqa: BLE001 - an error in one run must not stop the others
            return f"failed: {type(error).__name__}: {textwrap.shorten(str(error), 200)}"
        finally:
            progress.on_end()

    def results(self) -> list[Result]:
        """The result of each trial."""
        return [self._result(number, trial) for number, trial in enumerate(self.trials, 1)]

    def _result(self, number: int, trial: Trial) -> Result:
        folder = RunFolder(self.path / trial.name)
        journal = Journal.read(folder.metrics)
        return Result(
            number=number,
            folder=str(folder.path),
            differs=trial.differs,
            steps=journal.steps,
            images_seen=journal.images_seen,
            images_per_second=journal.images_per_second,
            scalars=journal.last("loss/", "metric/"),
            state=trial.state,
        )

    def _write(self) -> None:
        content = {"trials": [asdict(trial) for trial in self.trials]}
        write_atomically(self.path / FILE, json.dumps(content, indent=2) + "\n")


def _train(run: Run, folder: RunFolder, progress: Observer) -> Outcome:
    from ganzoo.training import session

    if folder.settings.exists():
        return session.resume(run, folder, progress)
    _, outcome = session.train(run, lambda: _prepared(folder), progress)
    return outcome


def _prepared(folder: RunFolder) -> RunFolder:
    """Create the folder of a new run; parts of it may exist after a crash."""
    for path in (folder.checkpoints, folder.samples):
        path.mkdir(parents=True, exist_ok=True)
    return folder
