"""The speed of training, and the time that it will take."""

from __future__ import annotations

import math
import time

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60


def format_duration(seconds: float) -> str:
    """A rounded duration as text: ``45 s``, ``12 min``, ``3 h 20 min``, ``5 days``."""
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
    """Images per second and the time left, measured a few times a second."""

    def __init__(self) -> None:
        self.images_per_second = 0.0
        """The speed between the last two measurements."""
        self._start: tuple[float, int] | None = None
        self._images_at_start = 0
        self._last = (0.0, 0)

    def update(self, step: int, images_seen: int) -> bool:
        """Measure the speed, at most four times a second; returns whether it was measured."""
        now = time.monotonic()
        if self._start is None:
            self._start = (now, step)
            self._images_at_start = images_seen
            self._last = (now, images_seen)
        seconds = now - self._last[0]
        if seconds < 0.25:
            return False
        self.images_per_second = (images_seen - self._last[1]) / seconds
        self._last = (now, images_seen)
        return True

    def elapsed(self) -> float:
        """Seconds since the first step."""
        return time.monotonic() - self._start[0] if self._start else 0.0

    def average(self, images_seen: float) -> float:
        """Images per second since the first step."""
        return (images_seen - self._images_at_start) / max(self.elapsed(), 1e-9)

    def seconds_per_step(self, step: int) -> float | None:
        """The mean after the first step, which is slow; ``None`` before the second step."""
        if self._start is None or step == self._start[1]:
            return None
        return self.elapsed() / (step - self._start[1])

    def last_step(self, step: int, steps: int, seconds: float) -> int:
        """The last of ``steps`` that is reached in so many seconds from now, if it is known yet."""
        seconds_per_step = self.seconds_per_step(step)
        if seconds_per_step is None or seconds == math.inf:
            return steps
        return min(steps, step + max(0, round(seconds / seconds_per_step)))

    def time_left(self, step: int, steps: int) -> str:
        """The time left, such as ``1:02:03``; a question mark if it is not known yet."""
        seconds_per_step = self.seconds_per_step(step)
        if seconds_per_step is None:
            return "?"
        minutes, seconds = divmod(round(seconds_per_step * (steps - step)), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}"
