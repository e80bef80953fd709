"""Stopping on request: the step in hand is finished and saved first."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ganzoo.errors import Stopped

_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)  # Windows has no SIGHUP
]


class Stopping:
    """Whether a run was asked to stop, by a signal or because its time is up.

    A signal only raises a flag: saving inside a handler is how checkpoints get torn.
    """

    def __init__(self, noted: Callable[[str], None]) -> None:
        self._noted = noted
        self._requested = False
        self._why = ""
        self._at_once = False
        self._began = time.monotonic()

    def __call__(self) -> bool:
        """Whether it was asked to stop."""
        return self._requested

    @contextmanager
    def immediately(self) -> Iterator[None]:
        """Inside, a request raises Stopped, since there is nothing to save; so does one before."""
        self._at_once = True
        try:
            if self._requested:
                raise self._stopped()
            yield
        finally:
            self._at_once = False

    @contextmanager
    def after(self, seconds: float | None, why: str) -> Iterator[None]:
        """Ask to stop so long after all began; ``why`` is what is said then."""
        if seconds is None:
            yield
            return
        timer = threading.Timer(self._began + seconds - time.monotonic(), self._end, [why])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self, why: str) -> None:
        self._why = f"{why}: "
        self._request()
        if not self._at_once:
            return
        if hasattr(signal, "pthread_kill"):  # only in the main thread can Stopped be raised
            signal.pthread_kill(_main_thread(), signal.SIGTERM)
        else:  # Windows
            _thread.interrupt_main(signal.SIGTERM)

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Take a signal; a second Ctrl-C leaves at once."""
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._request()
        if self._at_once:
            raise self._stopped()

    def _request(self) -> None:
        if not (self._requested or self._at_once):
            self._noted(
                f"{self._why}stopping after this step; press Ctrl-C again to leave without saving"
            )
        self._requested = True

    def _stopped(self) -> Stopped:
        return Stopped(f"{self._why}stopped before the first step: the same command does it again")


def _main_thread() -> int:
    number = threading.main_thread().ident
    assert number is not None
    return number


_current: list[Stopping] = []
"""The one that takes signals now, if any."""


@contextmanager
def stop_requests(noted: Callable[[str], None]) -> Iterator[Stopping]:
    """What says whether Ctrl-C, SIGTERM or SIGHUP has come; a second Ctrl-C leaves at once.

    Inside another one, it is that one. A signal that was ignored before stays so, as under nohup.
    """
    stopping = Stopping(noted)
    if _current:
        yield _current[0]
        return
    if threading.current_thread() is not threading.main_thread():
        yield stopping  # only the main thread may handle signals
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, stopping.receive)
    _current.append(stopping)
    try:
        yield stopping
    finally:
        _current.clear()
        for number in heard:
            signal.signal(number, before[number])
