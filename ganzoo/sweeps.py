"""Many runs that differ in a few settings, in one folder, trained one after the other."""

from __future__ import annotations

import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ganzoo.errors import PluginError, RequestError
from ganzoo.folders import RunFolder, write_atomically
from ganzoo.journal import Journal
from ganzoo.ownership import owned
from ganzoo.settings import MAIN_KINDS

if TYPE_CHECKING:
    from ganzoo.observers.observer import Observer
    from ganzoo.run import Run
    from ganzoo.training.loop import Outcome

FILE = "sweep.json"


@dataclass
class Trial:
    """One run of a sweep."""

    name: str
    """Of its run folder: its number, and what sets it apart."""
    differs: dict[str, str]
    """What sets it apart: values as they were given, by dotted key."""
    settings: dict[str, Any]
    """All of its settings, as ``Run.tree()`` gives them."""
    state: str = "not begun"
    """Or how it ended: ``finished``, ``stopped on request``, ``diverged: ...``,
    ``refused: ...`` or ``failed: ...`` with the reason.
    """

    @property
    def settled(self) -> bool:
        """Whether to train it again would change nothing; a refusal may have been dealt with."""
        return self.state.startswith(("finished", "diverged"))


@dataclass(frozen=True)
class Result:
    """What a trial has come to, as of its run's last report."""

    number: int
    folder: str
    differs: dict[str, str]
    steps: int | None
    images_seen: int | None
    images_per_second: float | None
    """Over all its reports, without the time spent on drawing and saving."""
    scalars: dict[str, float]
    """The last losses, and metrics if there are any."""
    state: str


def trials(differs: Sequence[dict[str, str]], runs: Sequence[Run]) -> list[Trial]:
    """The trials of a new sweep, from what sets each run apart."""
    width = len(str(len(runs)))
    return [
        Trial(_safe(f"{number:0{width}}", *_told(different)), different, run.tree())
        for number, (different, run) in enumerate(zip(differs, runs, strict=True), 1)
    ]


def require_one_process(run: Run) -> None:
    """Raise RequestError for a run that a sweep cannot train."""
    if run.train.devices > 1:
        raise RequestError(
            f"train.devices={run.train.devices}: the runs of a sweep train in one process"
        )


def title(runs: Sequence[Run]) -> str:
    """``dataset-architecture-loss`` of all the runs: ``blossoms-dcgan+mlp-hinge``."""
    kinds = [[getattr(run, kind).entry.component.name for run in runs] for kind in MAIN_KINDS]
    return "-".join("+".join(dict.fromkeys(names)) for names in kinds)


def labels(keys: Iterable[str]) -> list[str]:
    """The shortest end of each dotted key that no other has: ``lr``, or ``generator.lr``."""
    ends = {key: [key.split(".", n)[-1] for n in range(key.count("."), -1, -1)] for key in keys}
    taken = Counter(end for some in ends.values() for end in some)
    return [next((end for end in some if taken[end] == 1), key) for key, some in ends.items()]


def told(differs: Mapping[str, str]) -> str:
    """What sets a run apart, in a few words: ``batch_size=64 head=dense``."""
    return " ".join(_told(differs))


class Sweep:
    """A sweep's folder: a run folder for each trial, and ``sweep.json``, which lists them."""

    def __init__(self, path: Path, trials: list[Trial]) -> None:
        self.path = path
        self.trials = trials

    def __repr__(self) -> str:
        return f"Sweep({str(self.path)!r}, {len(self.trials)} runs)"

    @property
    def begun(self) -> list[RunFolder]:
        """The folders of the runs that have begun."""
        folders = [RunFolder(self.path / trial.name) for trial in self.trials]
        return [folder for folder in folders if folder.settings.is_file()]

    @classmethod
    def create(cls, path: Path, trials: list[Trial]) -> Self:
        """A new sweep in a new folder.

        Raises RequestError if something is there already.
        """
        try:
            return cls._make(path, trials)
        except FileExistsError:
            go_on = f"go on with `ganzoo sweep {path}`, or " if (path / FILE).exists() else ""
            raise RequestError(
                f"{path} exists already: {go_on}name another folder with --sweep-dir"
            ) from None

    @classmethod
    def create_numbered(cls, parent: Path, title: str, trials: list[Trial]) -> Self:
        """A new sweep in the first of ``title-001``, ``title-002``, ... that is free."""
        number = 1
        while True:
            with suppress(FileExistsError):
                return cls._make(parent / f"{_safe(title)}-{number:03}", trials)
            number += 1

    @classmethod
    def _make(cls, path: Path, trials: list[Trial]) -> Self:
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            raise
        except OSError as error:
            raise RequestError(f"cannot make the sweep folder {path}: {error.strerror}") from error
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
                f"there is no sweep folder {path}; a new sweep takes DATASET ARCHITECTURE LOSS"
            )
        if not file.is_file():
            raise RequestError(f"{path} is not a sweep folder: it has no {FILE}")
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            return cls(path, [_trial(trial) for trial in found["trials"]])
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise RequestError(f"cannot read {file}: {error}") from error

    def train(self, runs: Mapping[str, Run], progress: Observer) -> Outcome:
        """Train these runs, by the name of their trial, one after the other.

        A run that has begun is gone on with. One that does not come to its end is noted, and the
        next one begins, unless all was asked to stop. Raises RequestError if another process is at
        this sweep.
        """
        from ganzoo.training.loop import Outcome
        from ganzoo.training.stopping import stop_requests

        asked = [(n, trial) for n, trial in enumerate(self.trials, 1) if trial.name in runs]
        with owned(self.path, progress.on_message), stop_requests(progress.on_message) as stopping:
            for number, trial in asked:
                if stopping():
                    return Outcome.STOPPED
                what = told(trial.differs) or "no list was given"
                progress.on_message(f"run {number} of {len(self.trials)}: {what}")
                trial.state = self._ending(trial, runs[trial.name], progress)
                self._write()
            last_stopped = bool(asked) and asked[-1][1].state == Outcome.STOPPED.value
        return Outcome.STOPPED if last_stopped else Outcome.FINISHED

    def _ending(self, trial: Trial, run: Run, progress: Observer) -> str:
        """Train one run; its state afterwards."""
        from ganzoo.training.loop import Diverged

        try:
            return _train(run, RunFolder(self.path / trial.name), progress).value
        except Diverged as error:
            return f"diverged: {error}"
        except RequestError as error:
            return f"refused: {error}"
        except PluginError as error:
            return f"failed: {error}"
        except Exception as error:  # noqa: BLE001 - one run's error should not cost the others
            return f"failed: {type(error).__name__}: {textwrap.shorten(str(error), 200)}"
        finally:
            progress.on_end()

    def results(self) -> list[Result]:
        """What every trial has come to."""
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
        kept = {"trials": [asdict(trial) for trial in self.trials]}
        write_atomically(self.path / FILE, json.dumps(kept, indent=2) + "\n")


def _train(run: Run, folder: RunFolder, progress: Observer) -> Outcome:
    from ganzoo.training import session

    if folder.settings.exists():
        return session.resume(run, folder, progress)
    _, outcome = session.train(run, lambda: _made(folder), progress)
    return outcome


def _made(folder: RunFolder) -> RunFolder:
    """The folder of a new run, some of which may be left from a crash."""
    for path in (folder.checkpoints, folder.samples):
        path.mkdir(parents=True, exist_ok=True)
    return folder


def _trial(found: Mapping[str, Any]) -> Trial:
    """Raises TypeError or ValueError if it is none that was written here."""
    trial = Trial(**found)
    texts, tables = (trial.name, trial.state), (trial.differs, trial.settings)
    if not all(isinstance(t, str) for t in texts) or not all(isinstance(t, dict) for t in tables):
        raise TypeError("a trial has two texts and two tables")
    if Path(trial.name).name != trial.name:
        raise ValueError(f"{trial.name} is not the name of a folder")
    return trial


def _told(differs: Mapping[str, str]) -> list[str]:
    return [f"{key}={text}" for key, text in zip(labels(differs), differs.values(), strict=True)]


def _safe(*parts: str) -> str:
    """The parts as one name that any system and shell takes, of a length that any takes."""
    plain = (re.sub(r"[^\w.,=+-]+", "_", part, flags=re.ASCII) for part in parts)
    return "-".join(part.replace("=_", "=").strip("_") for part in plain)[:100].rstrip("._-=")
