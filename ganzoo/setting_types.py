"""The types of settings that are intervals, devices, durations or lists of names."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

_INTERVAL = re.compile(r"(?=[\d.]*[1-9])\d+(\.\d+)? (epochs?|images)")


def _checked_interval(every: Any) -> int | str:
    if isinstance(every, str) and _INTERVAL.fullmatch(every):
        return every
    if isinstance(every, int) and not isinstance(every, bool) and every >= 1:
        return every
    raise ValueError(
        'write a number of steps from 1 on, or a text such as "2 epochs" or "50000 images"'
    )


Interval = Annotated[int | str, BeforeValidator(_checked_interval)]
"""The time between two events: a number of steps, ``"2 epochs"`` or ``"50000 images"``."""


_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?", re.ASCII)


def _checked_device(device: str) -> str:
    if not _DEVICE.fullmatch(device):
        raise ValueError("write auto, cpu, cuda, cuda:N or mps")
    return device


Device = Annotated[str, AfterValidator(_checked_device)]
"""The name of a device, or ``"auto"``."""


_DURATION = re.compile(
    r"(?=[\d.]*[1-9])(\d+(?:\.\d+)?) ?(seconds?|minutes?|mins?|hours?|days?|[smhd])"
)
_SECONDS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}


def seconds(duration: str) -> float:
    """The length of a duration such as ``"90 minutes"`` or ``"1.5h"``, in seconds.

    Raises ValueError for anything but a number of seconds, minutes, hours or days.
    """
    parts = _DURATION.fullmatch(duration)
    if not parts:
        raise ValueError('write a duration such as "90 minutes", "11.5 hours" or "2d"')
    return float(parts[1]) * _SECONDS[parts[2][0]]


def _checked_duration(duration: Any) -> str:
    seconds(str(duration))
    return str(duration)


Duration = Annotated[str, BeforeValidator(_checked_duration)]
"""A number of seconds, minutes, hours or days, such as ``"90 minutes"`` or ``"90m"``."""


_SHORTEST, _LONGEST = "5 seconds", "7 days"


def _checked_timeout(timeout: str) -> str:
    if not seconds(_SHORTEST) <= seconds(timeout) <= seconds(_LONGEST):
        raise ValueError(f"write a time from {_SHORTEST} to {_LONGEST}")
    return timeout


Timeout = Annotated[Duration, AfterValidator(_checked_timeout)]
"""A duration from five seconds to seven days."""


def split_names(names: Any) -> Any:
    """The names in a text that are separated by commas; any other value is returned unchanged.

    A number counts as a text: a class may be called 5 or 2024.10.
    """
    if isinstance(names, int | float) and not isinstance(names, bool):
        names = str(names)
    if not isinstance(names, str):
        return names
    return tuple(name for each in names.split(",") if (name := each.strip()))


Names = Annotated[tuple[str, ...], BeforeValidator(split_names)]
"""A list of names, or a text in which commas separate them."""
