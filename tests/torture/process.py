"""One process that trains a run until it ends or is killed."""

from __future__ import annotations

import os
import resource
import select
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Never

from ganzoo import RequestError
from ganzoo.errors import Stopped
from ganzoo.training.loop import Outcome

SECONDS = 60
"""Time limit of a process; then it counts as hanging."""

COMPLETE, REFUSED, FAILED, CRASHED, STOPPED, HUNG = range(6)
"""How a process ends without a signal: the run is complete, RequestError, OSError, another error,
stopped on request before the run is complete, or not at all.
"""


@dataclass(frozen=True)
class Ending:
    """How a process ended."""

    process: int
    status: int
    """One of those above, or minus the number of the signal that killed it."""
    output: str

    @property
    def was_killed(self) -> bool:
        """Whether it was killed by a disturbance."""
        return self.status in (-signal.SIGKILL, -signal.SIGXFSZ, -signal.SIGTERM)


def run_child(
    work: Callable[[], Outcome], log: Path, after: float | None, by: signal.Signals
) -> Ending:
    """Run work in a forked process and send it a signal after some seconds; how it ended."""
    if not (child := os.fork()):
        _in_child(work, log)
    handle = os.pidfd_open(child)
    ended = after is not None and _ends(handle, after)
    if after is not None and not ended:
        os.kill(child, by)
    if hung := not (ended or _ends(handle, SECONDS)):
        os.kill(child, signal.SIGKILL)
    os.close(handle)
    _, waited = os.waitpid(child, 0)
    status = HUNG if hung else os.waitstatus_to_exitcode(waited)
    return Ending(child, status, log.read_text(errors="replace") if log.exists() else "")


def _ends(process: int, seconds: float) -> bool:
    """Whether the process of a handle ends within these seconds."""
    ended, _, _ = select.select([process], [], [], seconds)
    return bool(ended)


def _in_child(work: Callable[[], Outcome], log: Path) -> Never:
    status = CRASHED
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(descriptor, stream)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        status = _status(work)
    finally:
        os._exit(status)


def _status(work: Callable[[], Outcome]) -> int:
    try:
        return COMPLETE if work() is Outcome.FINISHED else STOPPED
    except Stopped:
        return STOPPED
    except RequestError as error:
        print(f"refused: {error}", flush=True)
        return REFUSED
    except OSError as error:
        print(f"failed: {error}", flush=True)
        return FAILED
    except BaseException:  # noqa: BLE001 - any other error is a failure
        traceback.print_exc()
        return CRASHED
