"""Seconds of calls on a device, and how much they vary."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

import numpy as np
import torch

from ganzoo.device_time import now


class Spread(NamedTuple):
    """The median of measured numbers, and between which ones four fifths of them are."""

    median: float
    low: float
    """The 10th percentile."""
    high: float
    """The 90th percentile."""

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The spread of at least one number."""
        low, median, high = np.percentile(values, [10, 50, 90]).tolist()
        return cls(median, low, high)

    def of_rate(self, amount: float) -> Spread:
        """For a spread of seconds: the spread of ``amount`` per second."""
        return Spread(amount / self.median, amount / self.high, amount / self.low)

    def scaled(self, factor: float) -> Spread:
        """All numbers times a factor."""
        return Spread(*(value * factor for value in self))

    @property
    def relative(self) -> float:
        """The difference between the 90th and the 10th percentile, relative to the median."""
        return (self.high - self.low) / self.median


def seconds_of(call: Callable[[], object], device: torch.device, total: float = 0.3) -> float:
    """The median seconds of a call, which is repeated for ``total`` seconds, and five times."""
    call()
    end, measured = now(device) + total, list[float]()
    while len(measured) < 5 or time.perf_counter() < end:
        start = now(device)
        call()
        measured.append(now(device) - start)
    return Spread.of(measured).median
