"""The state of a trial: who trains it, and how its training ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ganzoo.folders import RunFolder, write_atomically
from ganzoo.ownership import has_owner, owned
from ganzoo.sweeps.halving import Reached

FINISHED = "finished"
PAUSED = "paused after a part of its steps"
STOPPED = "stopped on request"
RUNNING = "running"
NOT_BEGUN = "not begun"


class TrialFolder:
    """The folder ``trials/NAME`` of a sweep: the owner of a trial, and its state.

    It exists beside the run folder ``NAME``, because a run that is refused has none.
    """

    def __init__(self, sweep: Path, name: str) -> None:
        self.path = sweep / "trials" / name
        self.run = RunFolder(sweep / name)
        """The folder of the run."""
        self.trial = self.path / "trial.json"
        """The file with the settings of a run that a search has chosen."""
        self._file = self.path / "state.json"

    @property
    def ended(self) -> str:
        """How the training ended last; empty if it has not, or if this cannot be read.

        ``finished``, ``stopped on request``, or ``diverged: ...``, ``refused: ...`` or
        ``failed: ...`` with the reason.
        """
        try:
            state = json.loads(self._file.read_text(encoding="utf-8"))["state"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return ""  # the run is then resumed, which changes nothing if it has finished
        return state if isinstance(state, str) else ""

    @property
    def state(self) -> str:
        """How the training ended, or that it goes on, was interrupted, or has not begun."""
        if has_owner(self.path):
            return RUNNING
        started = "interrupted" if self.run.settings.is_file() else NOT_BEGUN
        return self.ended or started

    @property
    def is_open(self) -> bool:
        """Whether there is something left to train, maybe by another process just now."""
        return self.ended in ("", STOPPED)

    @property
    def was_abandoned(self) -> bool:
        """Whether a process has not given it back: it still trains the run, or it was killed."""
        return (self.path / "owner.json").exists()

    @contextmanager
    def owned(self, on_message: Callable[[str], None]) -> Iterator[None]:
        """Make this process the only one that trains the run, inside the ``with`` block.

        Raises InUse if another process does.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with owned(self.path, on_message):
            yield

    def write(self, state: str) -> None:
        """Record how the training ended."""
        write_atomically(self._file, json.dumps({"state": state}) + "\n")

    def forget(self) -> None:
        """Remove what ``write`` recorded."""
        self._file.unlink(missing_ok=True)

    def reached(self, rung: int) -> Reached | None:
        """What the run had reached at the end of a rung; ``None`` if it has not ended it."""
        try:
            return Reached.of(json.loads(self._rung_file(rung).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None  # the run is then resumed, which changes nothing at the end of a rung

    def write_reached(self, rung: int, reached: Reached) -> None:
        """Record what the run has reached at the end of a rung."""
        write_atomically(self._rung_file(rung), json.dumps(reached.as_dict(), indent=2) + "\n")

    def _rung_file(self, rung: int) -> Path:
        return self.path / f"rung-{rung}.json"
