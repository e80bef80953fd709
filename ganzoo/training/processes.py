"""The other processes of a run, which its first one starts, listens to and does not outlive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import IO

from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

GRACE_PERIOD = 5.0
"""Seconds in which a process may find out itself that another one was lost, and tidy up."""
_NUMBER = "GANZOO_PROCESS"


def number() -> int:
    """This process's number among those of its run, also before they have met."""
    return int(os.environ.get("RANK" if TorchElasticEnvironment.detect() else _NUMBER, 0))


class SingleMachineEnvironment(LightningEnvironment):
    """Processes that are started here, of which the variables of other launchers say nothing."""

    @property
    def creates_processes_externally(self) -> bool:
        """Whether Fabric need not start them."""
        return True

    @property
    def main_address(self) -> str:
        """Where they meet."""
        return "127.0.0.1"

    def local_rank(self) -> int:
        """This process's number."""
        return number()

    def node_rank(self) -> int:
        """This machine's."""
        return 0


class ChildProcesses:
    """The processes that the first one of a run has started.

    They run its command, and say nothing: what they would say, it says too. The last word of one
    that fails alone is kept.
    """

    def __init__(self, count: int, port: int) -> None:
        self._lock = threading.Lock()
        self._each = [_start(n, port) for n in range(1, count)]

    def kill(self) -> None:
        """End them, wherever they are; none of them counts as lost from then on."""
        with self._lock:
            for process, voice in self._each:
                with voice, process:
                    process.kill()
            self._each.clear()

    def lost(self) -> str:
        """Why one of them is gone that should not be, or nothing."""
        with self._lock:
            for process, voice in self._each:
                if process.poll():
                    voice.seek(0)
                    told = voice.read().decode(errors="replace").splitlines()
                    return told[-1].removeprefix("error: ") if told else _status(process.returncode)
        return ""

    def wait_for_failure(self) -> str:
        """The same, of one that may just be going."""
        deadline = time.monotonic() + 1
        while not (reason := self.lost()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return reason


def _start(n: int, port: int) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    voice = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process is there
    process = subprocess.Popen(  # noqa: S603 - the command that runs already
        [sys.executable, *sys.orig_argv[1:]],
        env={**os.environ, _NUMBER: str(n), "MASTER_PORT": str(port)},
        stdin=subprocess.PIPE,  # which ends when this process does
        stdout=subprocess.DEVNULL,
        stderr=voice,
    )
    return process, voice


def _status(code: int) -> str:
    return f"it was ended by {signal.Signals(-code).name}" if code < 0 else f"its status is {code}"


def exit_if_child_is_lost(others: ChildProcesses) -> None:
    """End this process where another one is lost, even while it waits for it in vain."""

    def watching() -> None:
        while not others.lost():
            time.sleep(1)
        time.sleep(GRACE_PERIOD)
        if reason := others.lost():
            print("error:", lost(reason), file=sys.stderr, flush=True)
            others.kill()
            os._exit(1)

    threading.Thread(target=watching, name="ganzoo-others", daemon=True).start()


def exit_with_parent() -> None:
    """End this process, one of the others, soon after the first."""

    def following() -> None:
        while os.read(0, 1):
            pass
        time.sleep(GRACE_PERIOD)
        os._exit(1)

    threading.Thread(target=following, name="ganzoo-first", daemon=True).start()


def lost(reason: str) -> str:
    """What is said where one of the others is lost."""
    return (
        f"another process of this run was lost ({reason}): go on from the newest checkpoint with "
        "`ganzoo resume`"
    )
