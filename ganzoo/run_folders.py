"""The folders of runs that are given by folder, exported file or object, and of sweeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder
from ganzoo.user_path import user_path

if TYPE_CHECKING:
    from ganzoo.output.trained_generator import TrainedGenerator
    from ganzoo.sweeps.sweep import Sweep

    AnyRun: TypeAlias = str | Path | TrainedGenerator


def path_of(run: AnyRun) -> Path:
    """The run folder or the exported file."""
    return user_path(run) if isinstance(run, str | Path) else run.source


def run_folders(
    runs: Iterable[AnyRun | Sweep], on_message: Callable[[str], None] = lambda message: None
) -> list[RunFolder]:
    """The folders of the runs, without duplicates; for a sweep, of its runs that have started.

    ``on_message`` is told how many have not. Raises RequestError if there is no run.
    """
    from ganzoo.sweeps.sweep import Sweep
    from ganzoo.sweeps.sweep_file import FILE

    found: dict[Path, RunFolder] = {}
    for run in runs:
        if isinstance(run, str | Path) and (path_of(run) / FILE).is_file():
            run = Sweep.open(path_of(run))
        folders = run.started if isinstance(run, Sweep) else [RunFolder.open(path_of(run))]
        for folder in folders:
            found.setdefault(folder.path.resolve(), folder)
        if isinstance(run, Sweep) and (missing := len(run.trials) - len(folders)):
            on_message(f"{run.path}: {missing} of {len(run.trials)} runs have not begun")
    if not found:
        raise RequestError("there is no run to compare: give a run, or a sweep that has begun")
    return list(found.values())
