"""Several workers on this machine, each in a process of its own, with their progress."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganzoo.errors import STOPPED
from ganzoo.observers.console import ShowProgress, show_progress
from ganzoo.sweeps.naming import describe
from ganzoo.sweeps.progress import NO_LIST
from ganzoo.sweeps.sweep import Sweep
from ganzoo.training.stopping import stop_requests

_POLL = 0.2
"""Seconds between two looks for a request to stop."""


class WorkerProcess:
    """A process that trains runs of a sweep."""

    def __init__(self, sweep: Sweep, number: int, count: int, device: str | None) -> None:
        about = {
            "folder": str(sweep.path),
            "number": number,
            "count": count,
            "device": device,
        }
        self.name = f"worker {number + 1}"
        self.run: int | None = None
        """The number of the run that it trains."""
        self.step = ""
        """Its step, as text."""
        self._threads: list[threading.Thread] = []
        self._process = subprocess.Popen(  # noqa: S603 - this Python
            [sys.executable, "-P", "-m", "ganzoo.sweeps.worker_process", json.dumps(about)],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,  # Ctrl-C reaches the main process only, which stops the others
        )

    def stop(self) -> None:
        """Let it stop at its step."""
        assert self._process.stdin
        with suppress(OSError):
            self._process.stdin.close()

    def close(self) -> None:
        """End it at once, if it has not ended."""
        self._process.kill()
        for thread in self._threads:
            thread.join(timeout=5)
        with self._process:  # closes its pipes
            pass

    def read(self, put: Callable[[WorkerProcess, dict[str, Any] | None], None]) -> None:
        """Pass on its events, then ``None``; in threads."""
        out, err = self._process.stdout, self._process.stderr
        assert out
        assert err

        def read_errors() -> None:
            for line in err:
                if text := line.decode(errors="replace").rstrip():
                    put(self, {"event": "message", "text": text})

        def read_events() -> None:
            for line in out:
                with suppress(ValueError):
                    put(self, json.loads(line))
            self._threads[0].join()
            self._process.wait()
            put(self, None)

        self._threads = [
            threading.Thread(target=each, daemon=True) for each in (read_errors, read_events)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def failure(self) -> str:
        """Why it ended, if that was neither because no run was left nor because of a stop."""
        code = self._process.returncode
        if code in (None, 0, STOPPED):
            return ""
        killed, failed = "was killed by", "ended with exit status"
        cause = f"{killed} {signal.Signals(-code).name}" if code < 0 else f"{failed} {code}"
        lost = f"; run {self.run} can be resumed" if self.run else ""
        return f"{self.name} (process {self._process.pid}) {cause}{lost}"


class Workers:
    """Trains a sweep by several processes, and shows their progress together."""

    def __init__(self, sweep: Sweep, count: int, device: str | None, quiet: bool) -> None:
        self._sweep = sweep
        self._count = count
        self._device = device
        self._quiet = quiet
        self._done = 0
        self._shown: set[str] = set()
        """Messages that were printed."""
        self._events: queue.Queue[tuple[WorkerProcess, dict[str, Any] | None]] = queue.Queue()

    def train(self) -> bool:
        """Train until no run is left, or until a request to stop; whether that left any run."""
        line = f"training {{}} runs by {self._count} processes"
        with show_progress("runs", line) as show, stop_requests(self._message) as stopping:
            stopped = self._follow(stopping, _show_nothing if self._quiet else show)
        return stopped and self._sweep.is_incomplete

    def _follow(self, stopping: Callable[[], bool], show: ShowProgress) -> bool:
        running: list[WorkerProcess] = []
        started: list[WorkerProcess] = []
        stopped = False
        self._count_done()
        show(self._done, self._sweep.size)
        try:
            for number in range(self._count):
                worker = WorkerProcess(self._sweep, number, self._count, self._device)
                running.append(worker)
                started.append(worker)
                worker.read(lambda *event: self._events.put(event))
            while running:
                if stopping() and not stopped:
                    stopped = True
                    for worker in running:
                        worker.stop()
                with suppress(queue.Empty):
                    worker, event = self._events.get(timeout=_POLL)
                    if event is None:
                        running.remove(worker)
                        if worker.failure:
                            self._message(worker.failure)
                    else:
                        self._take(worker, event)
                    now = [f"run {worker.run}{worker.step}" for worker in running if worker.run]
                    show(self._done, self._sweep.size, "  ".join(now))
        finally:
            for worker in started:  # after a second Ctrl-C
                worker.close()
        return stopped

    def _take(self, worker: WorkerProcess, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind == "start":
            worker.run, worker.step = event["run"], ""
        elif kind == "step":
            worker.step = f" {event['step']}/{event['steps']}"
        elif kind == "end":
            worker.run, worker.step = None, ""
            self._count_done()
            what = f"run {event['run']} of {self._sweep.size}"
            differing = describe(event["differs"]) or NO_LIST
            self._message(f"{what}: {differing}: {event['state']}")
        elif event["text"] not in self._shown:  # most runs give the same advice
            self._shown.add(event["text"])
            of = f"run {worker.run}" if worker.run else worker.name
            self._message(f"{of}: {event['text']}")

    def _count_done(self) -> None:
        """Count the runs that have ended, or their part of it in the current rung."""
        self._done = len(self._sweep.trials) - len(self._sweep.open_trials)

    def _message(self, text: str) -> None:
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)


def _show_nothing(done: int, total: int, note: str = "") -> None:
    """In place of a function that shows progress."""
