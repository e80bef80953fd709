"""The folder of a run that starts, which exists already if the run was started again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ganzoo import launcher
from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder
from ganzoo.overwriting import require_folder
from ganzoo.run import Run
from ganzoo.settings import changed_values

_RUNS = Path("runs")
"""The folder of runs for which no folder was named."""


def folder_maker(run: Run, path: Path | None) -> Callable[[], RunFolder]:
    """A function that creates the folder of a new run.

    Raises RequestError immediately, in the main process, if ``path`` exists already and is not an
    empty folder, or if the folder cannot be created.
    """
    # The main process may have created it before another process comes here.
    if launcher.is_main_process(run.train.devices, run.train.nodes):
        require_possible(path)
    if path is not None:
        return lambda: RunFolder.create(path, run.tree())
    return lambda: RunFolder.create_numbered(_RUNS, run.title, run.tree())


def require_possible(path: Path | None) -> None:
    """Raise RequestError if the folder of a new run exists already, or cannot be created."""
    if path is not None:
        RunFolder.require_free(path)
    parent = _RUNS if path is None else path.parent
    require_folder(parent, "name another folder with --run-dir")


def restarted_folder(run: Run, path: Path | None, restarts: int = 0) -> RunFolder | None:
    """The folder of this run if its launcher has started it again; ``None`` at the first start.

    Raises RequestError if the run may be restarted, here or ``restarts`` times, without ``path``.
    """
    possible = max(restarts, launcher.max_restarts())
    if possible and path is None:
        raise RequestError(
            f"the run starts again after up to {possible} failures: name its folder, with "
            "--run-dir, so that it can resume"
        )
    if path is None or not launcher.restarts():
        return None
    folder = RunFolder(path)
    if not folder.settings.is_file():
        return None
    changed = changed_values(folder.stored_settings(), run.tree()).items()
    # The folder has what settings of `train` that are "auto" chose at the first start.
    chosen = (key.startswith("train.") and now == "auto" for key, (_, now) in changed)
    return folder if all(chosen) else None
