"""What this process may use of the machine: processor cores and memory, also in a container."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_MEMORY_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""The files of a control group of version 2 and 1: its limit, what is used, and what of it is
memory that can be freed at any time."""
_UNKNOWN = 4 * 1024**3
"""The assumed number of free bytes where the system does not report it."""


def cores() -> int:
    """The number of physical processor cores that this process may use, at least 1.

    Counts the cores that it may run on, but at most as many as a container or a control group
    allows. Two hardware threads of a core count as one.
    """
    return max(1, min(_physical_cores(), *map(_allowed_cores, _control_groups("cpu"))))


def threads(most: int, processes: int = 1) -> int:
    """The number of threads for computation in one of several processes of this machine.

    ``most`` is the number that torch would use, which is OMP_NUM_THREADS if that is set. Without
    it, the processes divide the cores: in a container that may use a few cores, torch would start a
    thread for each core of the machine.
    """
    if "OMP_NUM_THREADS" in os.environ:
        return most
    return max(1, min(most, cores() // processes))


def free_memory() -> int:
    """The number of free bytes: of the machine, or of a container or control group if less."""
    return min(_free_of_machine(), *map(_free_of_group, _control_groups("memory")))


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
    controller: str,
    root: Path = Path("/sys/fs/cgroup"),
    own: Path = Path("/proc/self/cgroup"),
) -> Iterator[Path]:
    """The folders of the control groups of this process, from the outermost one.

    Those of version 2, then those of version 1 for a controller.
    """
    groups = ""
    with suppress(OSError):
        groups = own.read_text("utf-8", errors="surrogateescape")
    for folder, line in ((root, "0:"), (root / controller, rf"\d+:(?:.+,)?{controller}(?:,.+)?")):
        yield folder
        path = re.search(rf"^{line}:/(.*)$", groups, re.MULTILINE)
        for name in Path(path[1] if path else "").parts:
            folder = folder / name
            yield folder


def _allowed_cores(group: Path) -> int:
    with suppress(OSError, ValueError):  # no group, or no limit ("max")
        quota, period = (group / "cpu.max").read_text("ascii").split()
        return math.ceil(int(quota) / int(period))
    with suppress(OSError, ValueError):  # version 1
        allowed = int((group / "cpu.cfs_quota_us").read_text("ascii"))
        each = int((group / "cpu.cfs_period_us").read_text("ascii"))
        return math.ceil(allowed / each) if allowed > 0 else sys.maxsize
    return sys.maxsize


def _free_of_machine(meminfo: Path = Path("/proc/meminfo")) -> int:
    with suppress(OSError):
        return _number("MemAvailable: *", meminfo) * 1024
    return _UNKNOWN


def _free_of_group(group: Path) -> int:
    for limit, used, cached in _MEMORY_FILES:
        with suppress(OSError, ValueError):  # no group, or no limit ("max")
            left = int((group / limit).read_text("ascii")) - int((group / used).read_text("ascii"))
            return left + _number(f"{cached} ", group / "memory.stat")
    return sys.maxsize


def _number(prefix: str, file: Path) -> int:
    match = re.search(rf"^{prefix}(\d+)", file.read_text("ascii"), re.MULTILINE)
    return int(match[1]) if match else 0
