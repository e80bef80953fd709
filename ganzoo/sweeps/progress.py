"""The progress of a sweep whose runs train in this process, one after the other."""

from __future__ import annotations

from ganzoo.observers.observer import Observer
from ganzoo.sweeps.naming import describe
from ganzoo.sweeps.trial import Trial

NO_LIST = "no list was given"
"""What is shown instead of the settings that differ."""


class SweepProgress:
    """Announces each run, and shows its training by an observer."""

    def __init__(self, observer: Observer, total: int) -> None:
        self.observer = observer
        """Gets the events of the training of each run."""
        self.total = total
        """The number of runs."""

    def on_run_start(self, number: int, trial: Trial) -> None:
        """Called before a run is trained; numbers count from 1."""
        differing = describe(trial.differs) or NO_LIST
        self.observer.on_message(f"run {number} of {self.total}: {differing}")

    def on_run_end(self, number: int, trial: Trial, state: str) -> None:
        """Called after a run was trained, with its new state."""
        self.observer.on_end()
