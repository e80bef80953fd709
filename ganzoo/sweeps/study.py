"""The study of a search: Optuna's journal in the sweep folder, which all workers share.

The journal decides which runs there are. A process that is killed at any moment leaves nothing to
repair but this: a run in the journal without a file of its own, which the next process writes, or
an ended run that was not told, which the next process tells.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import RequestError
from ganzoo.extras import require_package
from ganzoo.folders import write_atomically
from ganzoo.settings import Settings
from ganzoo.sweeps.search import Search, compared_value
from ganzoo.sweeps.trial import Trial
from ganzoo.sweeps.trial_folder import FINISHED, TrialFolder

if TYPE_CHECKING:
    import optuna
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

    from ganzoo.run import Run

JOURNAL = "study.journal"
_NAME = "ganzoo"
"""The name of the study in its journal."""


def require_optuna(sampler: str) -> Any:
    """The package; raises RequestError if it is not installed, or what the sampler needs."""
    if sampler == "qmc":
        require_package("scipy", "--search qmc", "scipy")
    return require_package("optuna", f"--search {sampler}", "ganzoo-toolkit[search]")


class Study:
    """Chooses the runs of a search, by the values of those that have ended.

    If the sweep halves, a run has ended with its first rung: values of other rungs, after more
    steps, are not comparable with it.
    """

    def __init__(
        self,
        folder: Path,
        search: Search,
        resolve: Callable[[Settings], Run],
        *,
        halves: bool = False,
    ) -> None:
        self._halves = halves
        self._optuna = require_optuna(search.sampler)
        self._folder = folder
        self._search = search
        self._resolve = resolve

    def check(self) -> None:
        """Raise RequestError if this machine cannot train the first run, such as without a plugin.

        Otherwise all runs would be refused here.
        """
        self._resolve(self._search.first_settings)

    def update(self) -> None:
        """Write what is missing after a crash, and tell the values of runs that have ended."""
        with self._locked() as study:
            self._update(study)

    def add_run(self) -> bool:
        """Choose the settings of one more run; false if there are enough runs.

        They depend on the seed, the number of the run, and the runs so far with their values.
        """
        with self._locked() as study:
            self._update(study)
            known = study.get_trials(deepcopy=False)
            if len(known) >= self._search.trials:
                return False
            values = self._ask(known)
            name = self._search.run_name(len(known) + 1, values)
            distributions = self._distributions()
            added = self._optuna.trial.create_trial(
                state=self._optuna.trial.TrialState.RUNNING,
                params=values,
                distributions=distributions,
                user_attrs={"run": name},
            )
            study.add_trial(added)  # one line of the journal: it is there as a whole, or not at all
            self._write(name, values)
        return True

    def _ask(self, known: list[FrozenTrial]) -> dict[str, Any]:
        """The settings for the next run, from a copy of the study in memory."""
        number, search = len(known), self._search
        sampler = _sampler(self._optuna, search, number)
        copy = self._optuna.create_study(direction=_direction(search), sampler=sampler)
        if search.sampler == "qmc":  # continue the sequence, which does not depend on values
            for _ in range(number):
                copy.tell(copy.ask(self._distributions()), 0.0)
        else:
            copy.add_trials([self._with_value(trial) for trial in known])
        return dict(copy.ask(self._distributions()).params)

    def _with_value(self, trial: FrozenTrial) -> FrozenTrial:
        """A run that has failed counts as the worst one, so that the sampler avoids it."""
        states = self._optuna.trial.TrialState
        if trial.state != states.FAIL:
            return trial
        worst = -math.inf if self._search.maximizes else math.inf
        return self._optuna.trial.create_trial(  # type: ignore[no-any-return]
            state=states.COMPLETE,
            value=worst,
            params=trial.params,
            distributions=trial.distributions,
        )

    def _distributions(self) -> dict[str, Any]:
        return {key: each.distribution() for key, each in self._search.space.items()}

    def _update(self, study: optuna.Study) -> None:
        states = self._optuna.trial.TrialState
        for trial in study.get_trials(deepcopy=False, states=(states.RUNNING,)):
            name = trial.user_attrs.get("run")
            if not isinstance(name, str):  # another program added it
                continue
            folder = TrialFolder(self._folder, name)
            if not folder.trial.exists():
                self._write(name, trial.params)
            if folder.is_open and not (self._halves and folder.reached(1)):
                continue
            if (value := self._value(folder)) is None:
                study.tell(trial.number, state=states.FAIL)
            else:
                study.tell(trial.number, value)

    def _value(self, folder: TrialFolder) -> float | None:
        """The value of a run that has ended; ``None`` if it has failed or has none."""
        if self._halves:
            reached = folder.reached(1)
            return compared_value(reached.score) if reached and reached.score else None
        return self._search.value(folder.run) if folder.ended == FINISHED else None

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        """Write the file of a run; settings that are refused count as its result."""
        folder, settings = TrialFolder(self._folder, name), {}
        folder.path.mkdir(parents=True, exist_ok=True)
        try:
            settings = self._resolve(self._search.settings_with(values)).tree()
        except RequestError as error:
            folder.write(f"refused: {error}")
        trial = Trial(name, self._search.differs(values), settings)
        write_atomically(folder.trial, json.dumps(trial.as_dict(), indent=2) + "\n")

    @contextmanager
    def _locked(self) -> Iterator[optuna.Study]:
        """The study, while no other worker chooses a run; on any drive, also without file locks."""
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

        file, level = self._folder / JOURNAL, self._optuna.logging.get_verbosity()
        of_journal = JournalFileOpenLock(str(file))
        lock = JournalFileOpenLock(str(file.with_suffix("")))
        lock.acquire()
        try:
            self._optuna.logging.set_verbosity(self._optuna.logging.WARNING)
            _remove_partial_line(file, of_journal)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
                storage = JournalStorage(JournalFileBackend(str(file), of_journal))
                if not storage.get_all_studies():
                    direction = _direction(self._search)
                    self._optuna.create_study(
                        storage=storage, study_name=_NAME, direction=direction
                    )
                yield self._optuna.load_study(study_name=None, storage=storage)
        finally:
            self._optuna.logging.set_verbosity(level)
            lock.release()


def _direction(search: Search) -> str:
    return "maximize" if search.maximizes else "minimize"


def _sampler(optuna: Any, search: Search, number: int) -> BaseSampler:
    """The sampler of a run, with a seed of its own: it needs no state of an earlier process."""
    import numpy as np

    seed = int(np.random.SeedSequence([search.seed, number]).generate_state(1)[0])
    found: BaseSampler
    if search.sampler == "random":
        found = optuna.samplers.RandomSampler(seed=seed)
    elif search.sampler == "qmc":
        found = optuna.samplers.QMCSampler(
            scramble=True,
            seed=search.seed,
            independent_sampler=optuna.samplers.RandomSampler(seed=seed),
            warn_independent_sampling=False,
        )
    else:
        first = min(10, max(3, search.trials // 4))
        found = optuna.samplers.TPESampler(seed=seed, n_startup_trials=first)
    return found


def _remove_partial_line(file: Path, lock: Any) -> None:
    """Remove the end of a line that a full disk or a crash has cut: Optuna could not go on."""
    if not file.exists() or file.read_bytes()[-1:] in (b"", b"\n"):
        return
    lock.acquire()
    try:
        content = file.read_bytes()
        with file.open("rb+") as opened:
            opened.truncate(content.rfind(b"\n") + 1)
    finally:
        lock.release()
