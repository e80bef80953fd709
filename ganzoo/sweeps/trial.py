"""One run of a sweep: its settings, and its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ganzoo.comparison import Rung
from ganzoo.sweeps.naming import trial_name

if TYPE_CHECKING:
    from ganzoo.run import Run


@dataclass(frozen=True)
class Trial:
    """One run of a sweep."""

    name: str
    """The name of its run folder: its number and the settings that differ."""
    differs: dict[str, str]
    """The settings that differ from the other runs: values as text, by dotted key."""
    settings: dict[str, Any]
    """All of its settings, as ``Run.tree()`` returns them; empty if they were refused."""

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """A trial from JSON; raises TypeError, KeyError or ValueError if it is not valid."""
        name, *tables = found["name"], found["differs"], found["settings"]
        if not isinstance(name, str) or not all(isinstance(table, dict) for table in tables):
            raise TypeError("name must be a text, differs and settings tables")
        if Path(name).name != name:
            raise ValueError(f"{name} is not a folder name")
        return cls(name, *tables)

    def as_dict(self) -> dict[str, Any]:
        """The trial as plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Result:
    """The result of a trial, from the reports and evaluations of its run."""

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
    best: float | None = None
    """In a search that does not halve, the best value of its metric; ``None`` if there is none."""
    rungs: Sequence[Rung] = ()
    """What the run has reached in each rung, if the sweep halves the number of runs."""


def trials(differs: Sequence[dict[str, str]], runs: Sequence[Run]) -> list[Trial]:
    """The trials of a new sweep, from the differing settings of each run."""
    digits = len(str(len(runs)))
    return [
        Trial(trial_name(number, digits, differing), differing, run.tree())
        for number, (differing, run) in enumerate(zip(differs, runs, strict=True), 1)
    ]
