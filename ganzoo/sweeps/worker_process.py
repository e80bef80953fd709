"""A worker in a process of its own: ``python -m ganzoo.sweeps.worker_process ABOUT``.

It reports events as lines of JSON on standard output. It stops at its step when its standard input
is closed: so that it does on a request, and also when the process that started it was killed.
"""

from __future__ import annotations

import _thread
import json
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from ganzoo.errors import STOPPED, Stopped, in_one_line
from ganzoo.machine import threads
from ganzoo.observers.observer import Observer
from ganzoo.sweeps.progress import SweepProgress
from ganzoo.sweeps.trial import Trial
from ganzoo.training.stopping import stop_requests

_INTERVAL = 0.5
"""Seconds between two events of the steps of a run."""


class Events(SweepProgress):
    """Writes the progress of a sweep as lines of JSON."""

    def __init__(self, out: IO[str], total: int) -> None:
        self._out = out
        super().__init__(_RunEvents(self), total)

    def write(self, event: str, **facts: Any) -> None:
        """Write one line; if its reader is gone, this process will stop soon."""
        try:
            print(json.dumps({"event": event, **facts}), file=self._out, flush=True)
        except OSError:
            self._out = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end

    def on_run_start(self, number: int, trial: Trial) -> None:
        """Write that a run begins."""
        self.write("start", run=number)

    def on_run_end(self, number: int, trial: Trial, state: str) -> None:
        """Write how a run ended."""
        self.write("end", run=number, differs=trial.differs, state=state)


class _RunEvents(Observer):
    """Writes the steps, warnings and messages of a run."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._steps = 0
        self._last = 0.0

    def on_train_start(self, step: int, steps: int) -> None:
        """Keep the number of steps."""
        self._steps = steps

    def on_step_end(self, step: int, images_seen: int) -> None:
        """Write the step, now and then."""
        if time.monotonic() - self._last >= _INTERVAL:
            self._last = time.monotonic()
            self._events.write("step", step=step, steps=self._steps)

    def on_warning(self, step: int, message: str) -> None:
        """Write the warning."""
        self._events.write("message", text=f"warning: {message}")

    def on_message(self, message: str) -> None:
        """Write the message."""
        self._events.write("message", text=message)


def main(about: Mapping[str, Any]) -> int:
    """Train runs of the sweep ``about["folder"]``; the exit status is 75 after a stop."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what plugins print must not be taken for events
    warnings.showwarning = _print_warning
    with stop_requests(lambda message: None):
        threading.Thread(target=_stop_with_parent, name="ganzoo-parent", daemon=True).start()
        from ganzoo.sweeps.stored_runs import StoredRuns
        from ganzoo.sweeps.sweep import Sweep
        from ganzoo.sweeps.worker import Worker

        sweep = Sweep.open(Path(about["folder"]))
        place = _place(about["number"], about["count"])
        stored = StoredRuns(sweep, about["device"], place=place)
        try:
            stopped = Worker(sweep, Events(out, sweep.size), stored).train()
        except Stopped:
            stopped = True
        except Exception as error:
            if os.environ.get("GANZOO_TRACEBACK"):
                raise
            print("error:", in_one_line(error), file=sys.stderr)
            return 1
    return STOPPED if stopped else 0


def _print_warning(message: Warning | str, *place: Any, **more: Any) -> None:
    print("warning:", " ".join(str(message).split()), file=sys.stderr)


def _place(number: int, count: int) -> Callable[[str], str]:
    """A function that gives the worker of this number, from 0 on, a GPU of its own.

    The processor cores are divided among the workers.
    """
    import torch

    torch.set_num_threads(threads(torch.get_num_threads(), count))
    gpus = torch.cuda.device_count()

    def place(device: str) -> str:
        return f"cuda:{number % gpus}" if gpus and device in ("auto", "cuda") else device

    return place


def _stop_with_parent() -> None:
    while os.read(0, 1):
        pass
    _thread.interrupt_main(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
