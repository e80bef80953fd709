"""The processes that a Python program starts, which itself is the main process of a run."""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
import threading
from pathlib import Path

from ganzoo.errors import RequestError
from ganzoo.training.agent import GRACE_PERIOD, Agent
from ganzoo.training.failure import Failure
from ganzoo.training.rendezvous import Address, connect


class ChildProcesses:
    """The other processes of a Python program that is rank 0 itself; they run the same program."""

    connected = False
    """Whether all of them have connected to this process."""

    def __init__(self, count: int, address: Address) -> None:
        """Start them; raises RequestError if this program cannot be started again."""
        if not _is_repeatable():
            raise RequestError(
                f"train.devices={count}: this program cannot be started again for other processes, "
                "since Python reads it from a prompt, a notebook or standard input: write it to a "
                "file, or use the command ganzoo train"
            )
        self._folder = tempfile.TemporaryDirectory(prefix="ganzoo-")
        store = connect(address, is_host=True)
        self._agent = Agent(store, address, count - 1, Path(self._folder.name), first_rank=1)
        self._killed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ganzoo-agent", daemon=True)
        self._thread.start()
        atexit.register(self._folder.cleanup)

    def failure(self) -> Failure | None:
        """Why one of them has failed, after waiting a moment for one that is ending."""
        self._thread.join(GRACE_PERIOD)
        return self._agent.failure

    def kill(self) -> None:
        """Kill all of them."""
        self._killed.set()
        self._agent.kill()
        self._thread.join()

    def _run(self) -> None:
        """End the program if one fails while it waits for that process without end."""
        self._agent.run()
        failure = self._agent.failure
        if not (failure or self.connected):
            failure = Failure(
                "this program was started again for the other processes of the run, and ended "
                "without training: train at the same place in each of them"
            )
        if failure and not self._killed.wait(GRACE_PERIOD):
            print("error:", failure.message, file=sys.stderr, flush=True)
            os._exit(1)


def _is_repeatable() -> bool:
    """Whether Python can run this program again: it is a file, a module or a text after ``-c``."""
    file = getattr(sys.modules["__main__"], "__file__", None)  # <stdin> if it was read from there
    return sys.argv[:1] == ["-c"] if file is None else Path(file).exists()
