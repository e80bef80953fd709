"""What runs have reached in the rungs of their sweep, for tables of any runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ganzoo.comparison import Rung
from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder
from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.sweep_file import FILE


def rungs_of(runs: Iterable[RunFolder]) -> dict[Path, Sequence[Rung]]:
    """What each run has reached in the rungs of its sweep, by the path of its folder.

    It has no runs of other sweeps, nor of sweeps that cannot be read.
    """
    found: dict[Path, Sequence[Rung]] = {}
    by_sweep: dict[Path, Mapping[str, Sequence[Rung]]] = {}
    for run in runs:
        path = run.path.resolve()
        if path.parent not in by_sweep:
            by_sweep[path.parent] = _by_name(path.parent)
        if rungs := by_sweep[path.parent].get(path.name):
            found[run.path] = rungs
    return found


def _by_name(folder: Path) -> Mapping[str, Sequence[Rung]]:
    if (folder / FILE).is_file():
        with suppress(RequestError):
            return Sweep.open(folder).reached()
    return {}
