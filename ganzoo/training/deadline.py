"""A call that is made if a block is not done after some time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def called_after(seconds: float, function: Callable[[], object]) -> Iterator[None]:
    """A context that calls a function, in another thread, if it lasts longer than this."""
    timer = threading.Timer(seconds, function)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
