"""Trains the runs of a sweep, in this process or in several."""

from __future__ import annotations

from collections.abc import Callable

from ganzoo.observers.console import ProgressBar
from ganzoo.observers.observer import Observer
from ganzoo.run import Run
from ganzoo.sweeps.progress import SweepProgress
from ganzoo.sweeps.stored_runs import StoredRuns
from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.trial import Trial


def train(
    sweep: Sweep,
    runs: Callable[[Trial], Run] | None = None,
    *,
    workers: int = 1,
    device: str | None = None,
    quiet: bool = False,
) -> bool:
    """Train until no run is left, or until a request to stop; whether that left any run.

    ``runs`` resolves trials, if this process has resolved them already. Processes that train the
    same sweep at the same time each take runs of their own. ``device`` is that of all runs, instead
    of their own.
    """
    if workers > 1:
        from ganzoo.sweeps.workers import Workers

        return Workers(sweep, workers, device, quiet).train()
    from ganzoo.sweeps.worker import Worker

    observer = Observer() if quiet else ProgressBar()
    stored = StoredRuns(sweep, device)
    return Worker(sweep, SweepProgress(observer, sweep.size), stored, runs).train()
