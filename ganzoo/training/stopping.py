"""Stopping on request, after the current step is finished and saved."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ganzoo.errors import Stopped
from ganzoo.training.deadline import called_after

_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)  # Windows has no SIGHUP
]


class Stopping:
    """A request to stop a run, by a signal or by a time limit.

    A signal only sets a flag, because saving in a signal handler could leave a partial checkpoint.
    """

    def __init__(self, on_message: Callable[[str], None]) -> None:
        self._on_message = on_message
        self._requested = False
        self._reason = ""
        self._immediate = False
        self._in_main_thread = threading.current_thread() is threading.main_thread()
        self._start = time.monotonic()
        self._end: float | None = None

    def __call__(self) -> bool:
        """Whether a stop was requested."""
        return self._requested

    def seconds_left(self) -> float | None:
        """The seconds until the time limit, if there is one."""
        return None if self._end is None else self._end - time.monotonic()

    @contextmanager
    def immediately(self) -> Iterator[None]:
        """A context in which a request, also an earlier one, raises Stopped."""
        self._immediate = True
        try:
            if self._requested:
                raise self._stopped_error()
            yield
        finally:
            self._immediate = False

    @contextmanager
    def after(self, seconds: float | None, reason: str) -> Iterator[None]:
        """A context that requests a stop ``seconds`` after this object was created, if not None."""
        if seconds is None:
            yield
            return
        self._end = self._start + seconds
        with called_after(self._end - time.monotonic(), lambda: self._on_time_limit(reason)):
            yield

    def _on_time_limit(self, reason: str) -> None:
        self._reason = f"{reason}: "
        self._request()
        if not (self._immediate and self._in_main_thread):
            return  # a signal would end a program that trains in another thread
        if hasattr(signal, "pthread_kill"):  # Stopped must be raised in the main thread
            signal.pthread_kill(_main_thread(), signal.SIGTERM)
        else:  # Windows
            _thread.interrupt_main(signal.SIGTERM)

    def handle_signal(self, number: int, frame: FrameType | None) -> None:
        """Request a stop; a second Ctrl-C ends the process immediately."""
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._request()
        if self._immediate:
            raise self._stopped_error()

    def _request(self) -> None:
        if not (self._requested or self._immediate):
            hint = "" if self._reason else "; press Ctrl-C again to exit without saving"
            self._on_message(f"{self._reason}stopping after this step{hint}")
        self._requested = True

    def _stopped_error(self) -> Stopped:
        return Stopped(f"{self._reason}stopped before the first step: run the same command again")


def _main_thread() -> int:
    number = threading.main_thread().ident
    assert number is not None
    return number


_current: list[Stopping] = []
"""The object that handles signals now, if any."""


@contextmanager
def stop_requests(on_message: Callable[[str], None]) -> Iterator[Stopping]:
    """A context in which Ctrl-C, SIGTERM and SIGHUP request a stop; see ``Stopping``.

    A nested context uses the outer one. Signals that were ignored, as under nohup, stay ignored.
    """
    stopping = Stopping(on_message)
    if _current:
        yield _current[0]
        return
    if not stopping._in_main_thread:
        yield stopping  # only the main thread may handle signals
        return
    with signals_handled_by(stopping.handle_signal):
        _current.append(stopping)
        try:
            yield stopping
        finally:
            _current.clear()


@contextmanager
def signals_handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """A context in which this handles Ctrl-C, SIGTERM and SIGHUP, unless they are ignored."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    handled = [number for number, each in before.items() if each is not signal.SIG_IGN]
    for number in handled:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])
