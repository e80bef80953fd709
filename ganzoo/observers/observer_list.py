"""All that watch a run, told together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from ganzoo.errors import in_one_line
from ganzoo.observers.observer import Observer

T = TypeVar("T")


class ObserverList:
    """Tells every observer; what goes wrong in one of them is said once, and costs the run nothing.

    ``observers`` may still grow.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers
        self._excused: list[Observer] = []

    def tell(self, event: Callable[[Observer], None]) -> None:
        """Tell each, such as ``lambda observer: observer.on_message("done")``."""
        for observer in self._observers:
            try:
                event(observer)
            except Exception as error:  # noqa: BLE001 - what watches a run may not end it
                self._excuse(observer, error)

    def warn(self, step: int, message: str) -> None:
        """Tell each of something that a person should look into."""
        self.tell(lambda observer: observer.on_warning(step, message))

    def attempt(self, step: int, what: str, work: Callable[[], T]) -> T | None:
        """What ``work`` returns; if it fails, that is told, and it is ``None``."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - what watches a run may not end it
            self.warn(step, f"{what} failed at step {step}: {in_one_line(error)}")
            return None

    def _excuse(self, observer: Observer, error: Exception) -> None:
        if observer in self._excused:
            return
        self._excused.append(observer)
        name = type(observer).__name__
        failed = "cannot write" if isinstance(error, OSError) else "failed"
        for other in self._observers:
            if other is not observer:
                with suppress(Exception):
                    other.on_message(f"warning: {name} {failed}: {in_one_line(error)}")
