"""What this process may use of the machine: processor cores and memory, also in a container."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_UNKNOWN = 4 * 1024**3
"""The assumed number of free bytes where the system does not report it."""


def cores() -> int:
    """The number of physical processor cores that this process may use, at least 1.

    Counts the cores that it may run on, but at most as many as a container or a control group
    allows. Two hardware threads of a core count as one.
    """
    return max(1, min(_physical_cores(), *map(_allowed_cores, _control_groups())))


def free_memory() -> int:
    """The number of free bytes: of the machine, or of a container or control group if less."""
    return min(_free_of_machine(), *map(_free_of_group, _control_groups()))


def process_age() -> float:
    """The seconds since this process was started; 0 where the system does not say it."""
    with suppress(OSError, ValueError, IndexError, AttributeError):
        # The name of the command, in parentheses, may contain spaces.
        fields = Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, float(Path("/proc/uptime").read_text("ascii").split()[0]) - started)
    return 0.0


def _physical_cores(folder: Path = Path("/sys/devices/system/cpu")) -> int:
    if not hasattr(os, "sched_getaffinity"):  # macOS, Windows
        return os.cpu_count() or 1
    found = set()
    for number in os.sched_getaffinity(0):
        topology = folder / f"cpu{number}" / "topology"
        try:
            package = (topology / "physical_package_id").read_text("ascii")
            found.add((package, (topology / "core_id").read_text("ascii")))
        except OSError:
            found.add(("", str(number)))
    return len(found)


def _control_groups(
    root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> Iterator[Path]:
    """The folders of the control groups (version 2) of this process, from the outermost one."""
    yield root
    with suppress(OSError):
        path = re.search(r"^0::/(.*)$", own.read_text(), re.MULTILINE)
        for name in Path(path[1] if path else "").parts:
            root = root / name
            yield root


def _allowed_cores(group: Path) -> int:
    with suppress(OSError, ValueError):  # no group, or no limit ("max")
        quota, period = (group / "cpu.max").read_text("ascii").split()
        return math.ceil(int(quota) / int(period))
    return sys.maxsize


def _free_of_machine(meminfo: Path = Path("/proc/meminfo")) -> int:
    with suppress(OSError):
        return _number("MemAvailable: *", meminfo) * 1024
    return _UNKNOWN


def _free_of_group(group: Path) -> int:
    with suppress(OSError, ValueError):  # no group, or no limit ("max")
        limit = int((group / "memory.max").read_text("ascii"))
        used = int((group / "memory.current").read_text("ascii"))
        return limit - used + _number("inactive_file ", group / "memory.stat")
    return sys.maxsize


def _number(prefix: str, file: Path) -> int:
    match = re.search(rf"^{prefix}(\d+)", file.read_text("ascii"), re.MULTILINE)
    return int(match[1]) if match else 0
