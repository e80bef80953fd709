"""The child processes that the main process of a run starts and monitors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from lightning_fabric.plugins.environments.lightning import LightningEnvironment

from ganzoo.launcher import CHILD_RANK, launcher, process_rank

GRACE_PERIOD = 5.0
"""Seconds in which a process may detect a lost process itself and exit cleanly."""


class SingleMachineEnvironment(LightningEnvironment):
    """Processes on one machine, started by ganzoo or by torchrun."""

    @property
    def creates_processes_externally(self) -> bool:
        """True: Fabric does not start processes."""
        return True

    @property
    def main_address(self) -> str:
        """The address at which the processes connect."""
        return "127.0.0.1"

    def local_rank(self) -> int:
        """The rank of this process."""
        return process_rank()

    def node_rank(self) -> int:
        """The rank of this machine: 0."""
        return 0


class ChildProcesses:
    """The processes that the main process of a run has started.

    They run the same command without output, because the main process writes the same. The standard
    error of each is kept for the message of a failure.
    """

    def __init__(self, count: int, port: int) -> None:
        self._lock = threading.Lock()
        self._processes = [_start(rank, port) for rank in range(1, count)]

    def kill(self) -> None:
        """Kill all of them; none is reported as failed afterwards."""
        with self._lock:
            for process, stderr in self._processes:
                with stderr, process:
                    process.kill()
            self._processes.clear()

    def failure(self) -> str:
        """Why one of them has failed; empty if none has."""
        with self._lock:
            for process, stderr in self._processes:
                if process.poll():
                    stderr.seek(0)
                    lines = stderr.read().decode(errors="replace").splitlines()
                    if lines:
                        return lines[-1].removeprefix("error: ")
                    return _exit_reason(process.returncode)
        return ""

    def wait_for_failure(self) -> str:
        """The same, after waiting up to a second for a process that is exiting."""
        deadline = time.monotonic() + 1
        while not (reason := self.failure()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return reason


def _start(rank: int, port: int) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    stderr = tempfile.TemporaryFile()  # noqa: SIM115 - open while the process runs
    process = subprocess.Popen(  # noqa: S603 - the command of this process
        [sys.executable, *sys.orig_argv[1:]],
        env={**os.environ, CHILD_RANK: str(rank), "MASTER_PORT": str(port)},
        stdin=subprocess.PIPE,  # is closed when this process ends
        stdout=subprocess.DEVNULL,
        stderr=stderr,
    )
    return process, stderr


def _exit_reason(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def exit_if_child_is_lost(children: ChildProcesses) -> None:
    """Exit if a child process fails, even while a collective waits for it; in a thread."""

    def monitor() -> None:
        while not children.failure():
            time.sleep(1)
        time.sleep(GRACE_PERIOD)
        if reason := children.failure():
            print("error:", lost_message(reason), file=sys.stderr, flush=True)
            children.kill()
            os._exit(1)

    threading.Thread(target=monitor, name="ganzoo-child-monitor", daemon=True).start()


def exit_with_parent() -> None:
    """Exit this child process soon after the main process ends; in a thread."""

    def monitor() -> None:
        while os.read(0, 1):
            pass
        time.sleep(GRACE_PERIOD)
        os._exit(1)

    threading.Thread(target=monitor, name="ganzoo-parent-monitor", daemon=True).start()


@contextmanager
def ended_by_launcher() -> Iterator[None]:
    """A context in which signals of a launcher end this process at once.

    While processes connect, Python's own handlers would run only after that, maybe never.
    """
    if not launcher() or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def lost_message(reason: str) -> str:
    """The error message for a lost process."""
    return (
        f"another process of this run was lost ({reason}): resume from the newest checkpoint with "
        "`ganzoo resume`"
    )
