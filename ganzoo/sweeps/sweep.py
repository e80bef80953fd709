"""The folder of a sweep: its runs, and what has become of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from ganzoo.comparison import Rung
from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder
from ganzoo.journal import Journal
from ganzoo.ownership import InUse
from ganzoo.sweeps.halving import Halving
from ganzoo.sweeps.naming import safe_name
from ganzoo.sweeps.rungs import Rungs
from ganzoo.sweeps.search import Search
from ganzoo.sweeps.sweep_file import FILE, read_plan, read_trial, write_plan
from ganzoo.sweeps.trial import Result, Trial
from ganzoo.sweeps.trial_folder import TrialFolder


class Sweep:
    """The folder of a sweep: a run folder for each trial, and ``sweep.json``, which lists them.

    For a search, ``sweep.json`` has the search instead, and its trials are added one by one.
    """

    def __init__(
        self, path: Path, plan: list[Trial] | Search, halving: Halving | None = None
    ) -> None:
        self.path = path
        self.plan = plan
        self.rungs = Rungs(path, halving) if halving else None
        """The rungs, if the sweep halves the number of its runs."""

    def __repr__(self) -> str:
        return f"Sweep({str(self.path)!r}, {self.size} runs)"

    @property
    def search(self) -> Search | None:
        """The search, if the sweep is one."""
        return self.plan if isinstance(self.plan, Search) else None

    @property
    def size(self) -> int:
        """The number of runs, with those that a search has not chosen yet."""
        return self.plan.trials if isinstance(self.plan, Search) else len(self.plan)

    @property
    def trials(self) -> list[Trial]:
        """The runs; of a search, those that were chosen so far."""
        return list(self._chosen()) if isinstance(self.plan, Search) else self.plan

    def _chosen(self) -> Iterator[Trial]:
        folders = [TrialFolder(self.path, path.name) for path in self.path.glob("trials/*/")]
        for folder in sorted(folders, key=lambda folder: _number(folder.path.name)):
            if (file := folder.trial).exists():
                yield read_trial(file)

    def number(self, trial: Trial) -> int:
        """The number of a run, from 1 on."""
        return _number(trial.name)

    def folder(self, trial: Trial) -> TrialFolder:
        """The folder with the state of a run."""
        return TrialFolder(self.path, trial.name)

    @property
    def open_trials(self) -> list[Trial]:
        """The runs that are not trained to their end, or to that of the current rung.

        Those of killed processes come last: a run that ends its process, because it needs too much
        memory, does not stop the others.
        """
        trials = {trial.name: trial for trial in self.trials}
        folders = [self.folder(trial) for trial in trials.values()]
        if self.rungs:
            found = self.rungs.left(self.rungs.current, folders)
        else:
            found = [folder for folder in folders if folder.is_open]
        found.sort(key=lambda folder: folder.was_abandoned)
        return [trials[folder.path.name] for folder in found]

    @property
    def is_incomplete(self) -> bool:
        """Whether anything is left to train, maybe by other processes just now."""
        if len(self.trials) < self.size or self.open_trials:
            return True
        return self.rungs is not None and self.rungs.current < self.rungs.halving.rungs

    @property
    def started(self) -> list[RunFolder]:
        """The folders of the runs that have started."""
        folders = [RunFolder(self.path / trial.name) for trial in self.trials]
        return [folder for folder in folders if folder.settings.is_file()]

    @classmethod
    def create(cls, path: Path, plan: list[Trial] | Search, halving: Halving | None = None) -> Self:
        """A new sweep in a new folder.

        Raises RequestError if the path exists already.
        """
        try:
            return cls._make(path, plan, halving)
        except FileExistsError:
            resume = f"resume it with `ganzoo sweep {path}`, or " if (path / FILE).exists() else ""
            raise RequestError(
                f"{path} exists already: {resume}name another folder with --sweep-dir"
            ) from None

    @classmethod
    def create_numbered(
        cls,
        parent: Path,
        title: str,
        plan: list[Trial] | Search,
        halving: Halving | None = None,
    ) -> Self:
        """A new sweep in the first of ``title-001``, ``title-002``, ... that does not exist."""
        number = 1
        while True:
            with suppress(FileExistsError):
                return cls._make(parent / f"{safe_name(title)}-{number:03}", plan, halving)
            number += 1

    @classmethod
    def _make(cls, path: Path, plan: list[Trial] | Search, halving: Halving | None) -> Self:
        sweep = cls(path, plan, halving)
        try:
            path.mkdir(parents=True)
            sweep._write()
        except FileExistsError as error:
            if path.exists():
                raise
            raise RequestError(
                f"cannot create the sweep folder {path}: {error.filename} is not a folder"
            ) from error
        except OSError as error:
            with suppress(OSError):
                path.rmdir()
            raise RequestError(
                f"cannot create the sweep folder {path}: {error.strerror}"
            ) from error
        return sweep

    @classmethod
    def open(cls, path: Path) -> Self:
        """The sweep in this folder.

        Raises RequestError if there is none.
        """
        return cls(path, *read_plan(path))

    def lengthen(self, trials: int) -> None:
        """Set the number of runs of a search.

        Raises RequestError for another sweep.
        """
        if not isinstance(self.plan, Search):
            raise RequestError(f"{self.path} is not a search: remove --trials")
        if self.rungs:
            raise RequestError(f"{self.path} has rungs for {self.size} runs: remove --trials")
        self.plan = replace(self.plan, trials=trials)
        self._write()

    def reopen(self) -> None:
        """Let the runs that were refused or failed be tried again, except those of a search.

        Those of a search have been told to its sampler; those of a rung that has ended are out.
        """
        if self.search:
            return
        folders = list(map(self.folder, self.trials))
        if self.rungs:
            folders = self.rungs.present(self.rungs.current, folders)
        for folder in folders:
            if folder.ended.startswith(("refused", "failed")):
                with suppress(InUse), folder.owned(lambda message: None):
                    folder.forget()

    def results(self) -> list[Result]:
        """The result of each trial."""
        rungs = self.reached()
        return [self._result(trial, rungs.get(trial.name, ())) for trial in self.trials]

    def reached(self) -> Mapping[str, Sequence[Rung]]:
        """What each run has reached in the rungs, by its name; empty if the sweep has none."""
        if not self.rungs:
            return {}
        return self.rungs.reached(list(map(self.folder, self.trials)), self.size)

    def _result(self, trial: Trial, rungs: Sequence[Rung]) -> Result:
        folder, of_trial = RunFolder(self.path / trial.name), self.folder(trial)
        journal = Journal.read(folder.metrics)
        return Result(
            number=self.number(trial),
            folder=str(folder.path),
            differs=trial.differs,
            steps=journal.steps,
            images_seen=journal.images_seen,
            images_per_second=journal.images_per_second,
            scalars=journal.last("loss/", "metric/"),
            state=self.rungs.state(of_trial, rungs) if self.rungs else of_trial.state,
            best=self.search.value(folder) if self.search and not self.rungs else None,
            rungs=rungs,
        )

    def _write(self) -> None:
        write_plan(self.path, self.plan, self.rungs.halving if self.rungs else None)


def _number(name: str) -> int:
    digits = name.partition("-")[0]
    return int(digits) if digits.isdecimal() else 0
