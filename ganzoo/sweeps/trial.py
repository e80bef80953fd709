"""One run of a sweep: its settings and its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ganzoo.sweeps.naming import trial_name

if TYPE_CHECKING:
    from ganzoo.run import Run


@dataclass
class Trial:
    """One run of a sweep."""

    name: str
    """The name of its run folder: its number and the settings that differ."""
    differs: dict[str, str]
    """The settings that differ from the other runs: values as text, by dotted key."""
    settings: dict[str, Any]
    """All of its settings, as ``Run.tree()`` returns them."""
    state: str = "not begun"
    """After training: ``finished``, ``stopped on request``, or ``diverged: ...``,
    ``refused: ...`` or ``failed: ...`` with the reason.
    """

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """A trial from JSON; raises TypeError or ValueError if it is not valid."""
        trial = cls(**found)
        texts, tables = (trial.name, trial.state), (trial.differs, trial.settings)
        if not all(isinstance(t, str) for t in texts) or not all(
            isinstance(t, dict) for t in tables
        ):
            raise TypeError("name and state must be texts, differs and settings tables")
        if Path(trial.name).name != trial.name:
            raise ValueError(f"{trial.name} is not a folder name")
        return trial

    @property
    def is_done(self) -> bool:
        """Whether the sweep, when it is resumed, skips this run: it finished or diverged."""
        return self.state.startswith(("finished", "diverged"))


@dataclass(frozen=True)
class Result:
    """The result of a trial, from the last report of its run."""

    number: int
    folder: str
    differs: dict[str, str]
    steps: int | None
    images_seen: int | None
    images_per_second: float | None
    """Mean over the run, without the time for samples, checkpoints and evaluations."""
    scalars: dict[str, float]
    """The last losses and metrics."""
    state: str


def trials(differs: Sequence[dict[str, str]], runs: Sequence[Run]) -> list[Trial]:
    """The trials of a new sweep, from the differing settings of each run."""
    digits = len(str(len(runs)))
    return [
        Trial(trial_name(number, digits, differing), differing, run.tree())
        for number, (differing, run) in enumerate(zip(differs, runs, strict=True), 1)
    ]
