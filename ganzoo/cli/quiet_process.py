"""The output of a command that a launcher runs in several processes: only the main one prints."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from ganzoo.errors import Stopped
from ganzoo.launcher import launcher

GRACE_PERIOD = 5.0
"""Seconds in which the launcher may end this process because the main process has failed."""


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


def _is_quiet() -> bool:
    found = launcher()
    return found is not None and found.rank > 0
