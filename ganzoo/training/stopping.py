"""Stopping on request: the step in hand is finished and saved first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = [signal.SIGINT, signal.SIGTERM]


@contextmanager
def stop_requests(noted: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """What says whether Ctrl-C or SIGTERM has come; a second Ctrl-C raises KeyboardInterrupt.

    The handler raises a flag and says so: saving inside a handler is how checkpoints get torn.
    """
    requested = False

    def request(number: int, frame: FrameType | None) -> None:
        nonlocal requested
        requested = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        noted("stopping after this step; press Ctrl-C again to leave at once, without saving")

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # only the main thread may handle signals
        return
    before = {number: signal.signal(number, request) for number in _SIGNALS}
    try:
        yield lambda: requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
