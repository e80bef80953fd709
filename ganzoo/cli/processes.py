"""A command in several processes: starts them, and lets only the main one print."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ganzoo.errors import Stopped
from ganzoo.launcher import AGENT, launcher, starts_processes

if TYPE_CHECKING:
    from ganzoo.run import Run

GRACE_PERIOD = 5.0
"""Seconds in which the launcher may end this process because the main process has failed."""


def start_processes(run: Run) -> None:
    """Run this command in the processes of a run, and exit; return if this is one of them.

    The processes write their output themselves, but not why they failed: this one does.
    """
    train = run.train
    if not starts_processes(train.devices, train.nodes, train.restarts):
        return
    train.require_equal_parts((train.devices or 1) * (train.nodes or 1))
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # lost connections are reported here
    from ganzoo.training.agent import run_command

    failure = run_command(train, lambda message: print("warning:", message, file=sys.stderr))
    if failure and failure.message:
        print(failure.traceback or f"error: {failure.message}", file=sys.stderr)
    raise typer.Exit(failure.status if failure else 0)


def silence_unless_main() -> None:
    """Discard the output of this process if a launcher started it after the main process."""
    if _is_quiet():
        sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115


def let_main_process_report() -> None:
    """Return in a process that has to report its error; others are ended meanwhile.

    An error is mostly the same in all processes. The main process reports it, and the launcher ends
    the others. Any process that is still there after a while has failed alone. A request to stop
    was sent to all processes, so it is never reported here.
    """
    error = sys.exc_info()[1]
    if _is_quiet() and error and not isinstance(error, Stopped | KeyboardInterrupt):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        time.sleep(GRACE_PERIOD)
        sys.stderr = sys.__stderr__


def record_failure(message: str, status: int) -> bool:
    """Let the command that started this process print its error; False if it did not start it."""
    found = launcher()
    if found is None or found.name != AGENT:
        return False
    from ganzoo.training.failure import Failure

    trace = traceback.format_exc() if os.environ.get("GANZOO_TRACEBACK") else ""
    Failure(message, status, traceback=trace).record()
    return True


def _is_quiet() -> bool:
    found = launcher()
    return found is not None and found.rank > 0 and found.name != AGENT
