"""Repeats what may fail for a while, such as a request to a server."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable
from typing import TypeVar

from ganzoo.errors import RequestError

T = TypeVar("T")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
_WARN_AFTER, _WARN_AGAIN = 5.0, 60.0
"""Seconds of failures before a warning, and seconds until the next one of this process."""
_TEMPORARY = (408, 425, 429)
"""HTTP statuses below 500 that say "try again": timeout, too early, too many requests."""


def with_retries(work: Callable[[], T], what: str, patience: float) -> T:
    """The result of ``work``, which is repeated after errors, for ``patience`` seconds at most.

    The pauses grow from 0.2 to 30 seconds; from 5 seconds on, a warning says what fails. ``what``
    says what is done, as in "read FILE at byte 0".

    Raises RequestError if it fails for that long, or at once for an error that will not pass.
    """
    start, pause = time.monotonic(), _FIRST_PAUSE
    deadline = start + patience
    while True:
        try:
            return work()
        except RequestError:
            raise
        except Exception as raised:  # noqa: BLE001 - each kind of server has errors of its own
            error = _original(raised)
            if remedy := _remedy(error):
                raise RequestError(f"cannot {what}: {reason(error)}; {remedy}") from error
            if time.monotonic() + pause > deadline:
                raise RequestError(
                    f"cannot {what}, tried for {patience:g} seconds: {reason(error)}; check the "
                    "connection, then run the same command again or `ganzoo resume`"
                ) from error
            if time.monotonic() - start >= _WARN_AFTER:
                left = deadline - time.monotonic()
                _warn(f"cannot {what}: {reason(error)}; trying again for up to {left:.0f} seconds")
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def reason(error: Exception) -> str:
    """The reason in one line."""
    status = _status(error)
    if status:
        return f"HTTP status {status}"
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    if isinstance(error, FileNotFoundError):
        return "it does not exist"
    return " ".join(str(error).split())[:200] or type(error).__name__


class _OccasionalWarning:
    """Warns at most once in a while, whichever of many threads asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0.0

    def __call__(self, message: str) -> None:
        with self._lock:
            if time.monotonic() < self._next:
                return
            self._next = time.monotonic() + _WARN_AGAIN
        warnings.warn(message, stacklevel=3)


_warn = _OccasionalWarning()


def _remedy(error: Exception) -> str:
    """What to do about an error that will not pass; empty for one that may."""
    status = _status(error)
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return "check the address"
    if isinstance(error, PermissionError) or "Credentials" in type(error).__name__:
        return "set the credentials that its service needs"
    if status in (401, 403):
        return "it needs credentials, or does not allow you to read it"
    if 400 <= status < 500 and status not in _TEMPORARY:
        return "check the address"
    return ""


def _original(error: Exception) -> Exception:
    """The error itself; fsspec raises FileNotFoundError from every error of a web server."""
    if isinstance(error, FileNotFoundError) and isinstance(error.__cause__, Exception):
        return _original(error.__cause__)
    return error


def _status(error: Exception) -> int:
    status = getattr(error, "status", 0)
    return status if isinstance(status, int) else 0
