"""How much memory there is."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path

_UNKNOWN = 4 * 1024**3
"""What a machine that trains can spare, where the system does not say."""


def free_memory() -> int:
    """Bytes that may still be taken: of the machine's memory, and of the container's."""
    return min(_free_of_machine(), _free_of_container())


def _free_of_machine(facts: Path = Path("/proc/meminfo")) -> int:
    with suppress(OSError):
        return _number("MemAvailable: *", facts) * 1024
    return _UNKNOWN


def _free_of_container(group: Path = Path("/sys/fs/cgroup")) -> int:
    with suppress(OSError, ValueError):  # there is none, or its limit is "max"
        most = int((group / "memory.max").read_text("ascii"))
        taken = int((group / "memory.current").read_text("ascii"))
        return most - taken + _number("inactive_file ", group / "memory.stat")
    return sys.maxsize


def _number(after: str, file: Path) -> int:
    found = re.search(rf"^{after}(\d+)", file.read_text("ascii"), re.MULTILINE)
    return int(found[1]) if found else 0
