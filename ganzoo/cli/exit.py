"""How a command that trained leaves: what it says, and its status."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ganzoo.folders import RunFolder
    from ganzoo.run import Run
    from ganzoo.training.loop import Outcome

STOPPED = 75
"""The status of a run that stopped on request and can be resumed (EX_TEMPFAIL)."""


def fall_silent() -> None:
    """Print nothing more to standard output, which nobody reads."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def end(run: Run, folder: RunFolder, outcome: Outcome) -> None:
    """Say where the run is, and leave with its status; of several processes the first alone."""
    from ganzoo.training.engine import launched_as_main
    from ganzoo.training.loop import Outcome

    if not launched_as_main(run.train):
        return
    try:
        print(folder.path, flush=True)
    except OSError:  # of a terminal that was closed; the run is saved all the same
        fall_silent()
    if outcome is Outcome.STOPPED:
        with suppress(OSError):
            print(_stopped(folder), file=sys.stderr)
        raise typer.Exit(STOPPED)


def _stopped(folder: RunFolder) -> str:
    from ganzoo.training.checkpoint import Checkpoints

    step = max(Checkpoints(folder.checkpoints, keep=1).steps(), default=0)
    go_on = f"ganzoo resume {shlex.quote(str(folder.path))}"
    return f"stopped at step {step}, saved in {folder.path}; go on with: {go_on}"
