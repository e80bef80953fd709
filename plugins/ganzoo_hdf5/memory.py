"""The amount of free memory."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path

_UNKNOWN = 4 * 1024**3
"""The assumed number of free bytes where the system does not report it."""


def free_memory() -> int:
    """The number of free bytes: of the machine or of the container, whichever is less."""
    return min(_free_of_machine(), _free_of_container())


def _free_of_machine(meminfo: Path = Path("/proc/meminfo")) -> int:
    with suppress(OSError):
        return _number("MemAvailable: *", meminfo) * 1024
    return _UNKNOWN


def _free_of_container(group: Path = Path("/sys/fs/cgroup")) -> int:
    with suppress(OSError, ValueError):  # no container, or no limit ("max")
        limit = int((group / "memory.max").read_text("ascii"))
        used = int((group / "memory.current").read_text("ascii"))
        return limit - used + _number("inactive_file ", group / "memory.stat")
    return sys.maxsize


def _number(prefix: str, file: Path) -> int:
    match = re.search(rf"^{prefix}(\d+)", file.read_text("ascii"), re.MULTILINE)
    return int(match[1]) if match else 0
