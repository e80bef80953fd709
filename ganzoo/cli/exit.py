"""How a command that trained exits: what it prints, and its status."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

import typer

from ganzoo.errors import STOPPED

if TYPE_CHECKING:
    from ganzoo.folders import RunFolder
    from ganzoo.run import Run
    from ganzoo.training.loop import Outcome


def discard_stdout() -> None:
    """Discard all further standard output, because its reader closed it."""
    _discard(sys.stdout)


def print_error(message: str) -> None:
    """Print a message on standard error, unless it is closed or full."""
    try:
        print("error:", message, file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)  # otherwise the end of the program fails to write it, with status 120


def _discard(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def finish_training(run: Run, folder: RunFolder, outcome: Outcome) -> None:
    """Print the run's folder, and exit with status 75 if it was stopped.

    With several processes, only the main one prints.
    """
    from ganzoo.training.engine import launched_as_main
    from ganzoo.training.loop import Outcome

    stopped = outcome is Outcome.STOPPED
    if launched_as_main(run.train):
        print_folder(folder)
        if stopped:
            with suppress(OSError):
                print(_stopped_message(folder), file=sys.stderr)
    if stopped:
        raise typer.Exit(STOPPED)


def print_folder(folder: RunFolder) -> None:
    """Print the path of a run folder, if standard output is open; the run is saved anyway."""
    try:
        print(folder.path, flush=True)
    except OSError:  # the terminal was closed
        discard_stdout()


def _stopped_message(folder: RunFolder) -> str:
    from ganzoo.training.checkpoint import Checkpoints

    step = max(Checkpoints(folder.checkpoints, keep=1).steps(), default=0)
    command = f"ganzoo resume {shlex.quote(str(folder.path))}"
    return f"stopped at step {step}, saved in {folder.path}; resume with: {command}"
