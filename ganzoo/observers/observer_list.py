"""Several observers that are notified together."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from ganzoo.attribution import PluginCode
from ganzoo.errors import PluginError, in_one_line
from ganzoo.observers.observer import Observer

T = TypeVar("T")
_OF_THE_DISK = {
    getattr(errno, name, None)
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "ESTALE")
} - {None}
"""Numbers of errors of a full, broken or read-only disk: no faults in an observer's code."""


class ObserverList:
    """Notifies several observers; an error in one of them does not stop the run.

    The first error of each observer is reported to the others.
    """

    def __init__(self, observers: Iterable[Observer] = ()) -> None:
        self._observers = list(observers)
        self._failed: list[Observer] = []

    def add(self, *observers: Observer) -> None:
        """Also notify these observers, after the others."""
        self._observers += observers

    def notify(self, event: Callable[[Observer], None]) -> None:
        """Call ``event`` with each observer: ``lambda observer: observer.on_message("done")``."""
        for observer in self._observers:
            try:
                with observer.plugin_code:
                    event(observer)
            except Exception as error:  # noqa: BLE001 - an observer must not stop the run
                self._report_failure(observer, error)

    def warn(self, step: int, message: str) -> None:
        """Send a warning to each observer."""
        self.notify(lambda observer: observer.on_warning(step, message))

    def report_progress(self, what: str, done: int, total: int) -> None:
        """Send the progress of an evaluation, or of what is prepared, to each observer."""
        self.notify(lambda observer: observer.on_evaluation_progress(what, done, total))

    def attempt(self, step: int, what: str, work: Callable[[], T]) -> T | None:
        """The result of ``work``; if it fails, a warning is sent and the result is ``None``."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - samples and metrics must not stop the run
            self.warn(step, f"{what} failed at step {step}: {in_one_line(error)}")
            return None

    def _report_failure(self, observer: Observer, error: Exception) -> None:
        if observer in self._failed:
            return
        self._failed.append(observer)
        message = _failure(observer, error)
        for other in self._observers:
            if other is not observer:
                with suppress(Exception):
                    other.on_message(f"warning: {message}")


def _failure(observer: Observer, error: Exception) -> str:
    """The error in one line with the name of the observer; for a plugin's, also with the place."""
    code = observer.plugin_code
    name = code.what if isinstance(code, PluginCode) else type(observer).__name__
    cause = error.__cause__ if isinstance(error, PluginError) else error
    if isinstance(cause, OSError) and cause.errno in _OF_THE_DISK:
        return f"{name} cannot write: {in_one_line(cause)}"
    return str(error) if isinstance(error, PluginError) else f"{name} failed: {in_one_line(error)}"
