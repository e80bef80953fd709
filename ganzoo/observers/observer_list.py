"""Several observers that are notified together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from ganzoo.errors import in_one_line
from ganzoo.observers.observer import Observer

T = TypeVar("T")


class ObserverList:
    """Notifies several observers; an error in one of them does not stop the run.

    The first error of each observer is reported to the others. The sequence ``observers`` may
    still get longer.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers
        self._failed: list[Observer] = []

    def notify(self, event: Callable[[Observer], None]) -> None:
        """Call ``event`` with each observer: ``lambda observer: observer.on_message("done")``."""
        for observer in self._observers:
            try:
                event(observer)
            except Exception as error:  # noqa: BLE001 - an observer must not stop the run
                self._report_failure(observer, error)

    def warn(self, step: int, message: str) -> None:
        """Send a warning to each observer."""
        self.notify(lambda observer: observer.on_warning(step, message))

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
        name = type(observer).__name__
        failed = "cannot write" if isinstance(error, OSError) else "failed"
        for other in self._observers:
            if other is not observer:
                with suppress(Exception):
                    other.on_message(f"warning: {name} {failed}: {in_one_line(error)}")
