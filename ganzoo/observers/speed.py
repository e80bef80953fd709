"""How fast training goes, and how long it will take."""

from __future__ import annotations

import time

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60


def lasting(seconds: float) -> str:
    """A length of time as people say it: ``45 s``, ``12 min``, ``3 h 20 min``, ``5 days``."""
    minutes, hours, days = (round(seconds / unit) for unit in (MINUTE, HOUR, DAY))
    if seconds < 100:
        return f"{seconds:.0f} s"
    if minutes < 100:
        return f"{minutes} min"
    if hours < 48:
        rest = minutes % 60 // 5 * 5
        return f"{minutes // 60} h {rest} min" if rest and minutes < 20 * 60 else f"{hours} h"
    if days < 60:
        return f"{days} days"
    return f"{days / 30.4:.0f} months" if days < 2 * 365 else f"{days / 365:.0f} years"


class Speed:
    """Images a second and time left, read off the clock a few times a second."""

    def __init__(self) -> None:
        self.images = 0.0
        """Images a second, of late."""
        self._start: tuple[float, int] | None = None
        self._images_at_start = 0
        self._last = (0.0, 0)

    def due(self, step: int, images_seen: int) -> bool:
        """Take a step in; whether a quarter of a second has passed since the last one due."""
        now = time.monotonic()
        if self._start is None:
            self._start = (now, step)
            self._images_at_start = images_seen
            self._last = (now, images_seen)
        seconds = now - self._last[0]
        if seconds < 0.25:
            return False
        self.images = (images_seen - self._last[1]) / seconds
        self._last = (now, images_seen)
        return True

    def elapsed(self) -> float:
        """Seconds since the first step."""
        return time.monotonic() - self._start[0] if self._start else 0.0

    def average(self, images_seen: float) -> float:
        """Images a second since the first step."""
        return (images_seen - self._images_at_start) / max(self.elapsed(), 1e-9)

    def each(self, step: int) -> float | None:
        """Seconds of a step, if there were any after the first, which is a slow one."""
        if self._start is None or step == self._start[1]:
            return None
        return self.elapsed() / (step - self._start[1])

    def left(self, step: int, steps: int) -> str:
        """The time left, as ``1:02:03``; a question mark if it is not known yet."""
        each = self.each(step)
        if each is None:
            return "?"
        minutes, seconds = divmod(round(each * (steps - step)), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}"
