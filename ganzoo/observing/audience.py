"""All that watch a run, told together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from ganzoo.observing.observer import Observer


class Audience:
    """Tells every observer; what one of them cannot write is said once, and costs the run nothing.

    ``observers`` may still grow.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers
        self._excused: list[Observer] = []

    def tell(self, event: Callable[[Observer], None]) -> None:
        """Tell each, such as ``lambda observer: observer.noted("done")``."""
        for observer in self._observers:
            try:
                event(observer)
            except OSError as error:
                self._excuse(observer, error)

    def warn(self, step: int, message: str) -> None:
        """Tell each of something that a person should look into."""
        self.tell(lambda observer: observer.warned(step, message))

    def _excuse(self, observer: Observer, error: OSError) -> None:
        if observer in self._excused:
            return
        self._excused.append(observer)
        for other in self._observers:
            if other is not observer:
                with suppress(OSError):
                    other.noted(f"warning: {type(observer).__name__} cannot write: {error}")
