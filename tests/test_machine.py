from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from ganzoo import machine
from ganzoo.machine import cores, free_memory, threads


def processors(folder: Path, cores_by_number: dict[int, tuple[int, int]]) -> Path:
    """A folder like /sys/devices/system/cpu: the package and the core of each processor."""
    for number, (package, core) in cores_by_number.items():
        topology = folder / f"cpu{number}" / "topology"
        topology.mkdir(parents=True)
        (topology / "physical_package_id").write_text(f"{package}\n")
        (topology / "core_id").write_text(f"{core}\n")
    return folder


def test_two_hardware_threads_of_a_core_count_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = processors(tmp_path, {0: (0, 0), 1: (0, 1), 2: (0, 0), 3: (0, 1), 4: (1, 0)})
    for allowed, expected in (({0, 1, 2, 3, 4}, 3), ({0, 2}, 1), ({1, 4}, 2), ({7, 8}, 2)):
        monkeypatch.setattr(
            os, "sched_getaffinity", lambda _, allowed=allowed: allowed, raising=False
        )
        assert machine._physical_cores(folder) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("max 100000", 64), ("250000 100000", 3), ("20000 100000", 1), ("", 64)]
)
def test_a_container_limits_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: int
) -> None:
    monkeypatch.setattr(machine, "_physical_cores", lambda: 64)
    monkeypatch.setattr(machine, "_control_groups", lambda _: [tmp_path])
    (tmp_path / "cpu.max").write_text(f"{text}\n")
    assert cores() == expected


@pytest.mark.parametrize(("quota", "expected"), [(-1, 64), (250_000, 3), (20_000, 1)])
def test_a_container_with_control_groups_of_version_1_limits_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: int, expected: int
) -> None:
    monkeypatch.setattr(machine, "_physical_cores", lambda: 64)
    monkeypatch.setattr(machine, "_control_groups", lambda _: [tmp_path])
    (tmp_path / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (tmp_path / "cpu.cfs_period_us").write_text("100000\n")
    assert cores() == expected


@pytest.mark.parametrize(
    ("most", "processes", "variable", "expected"),
    [(9, 1, None, 6), (9, 4, None, 1), (9, 12, None, 1), (2, 1, None, 2), (16, 4, "16", 16)],
)
def test_processes_divide_the_cores_unless_the_number_of_threads_is_set(
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    processes: int,
    variable: str | None,
    expected: int,
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 6)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if variable:
        monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert threads(most, processes) == expected


def test_the_control_groups_of_a_process_are_found_from_the_outermost_one(tmp_path: Path) -> None:
    lines = ["9:cpu,cpuacct:/job", "8:cpuset:/a", "1:name=systemd:/x", "0::/system.slice/job_7"]
    (tmp_path / "own").write_text("\n".join(lines))
    root = tmp_path / "cgroup"
    found = list(machine._control_groups("cpu", root, tmp_path / "own"))
    expected = [root, root / "system.slice", root / "system.slice" / "job_7"]
    assert found == [*expected, root / "cpu", root / "cpu" / "job"]
    found = list(machine._control_groups("cpuacct", root, tmp_path / "own"))
    assert found[-1] == root / "cpuacct" / "job"
    assert list(machine._control_groups("cpu", root, tmp_path / "none")) == [root, root / "cpu"]


def test_free_memory_is_the_smallest_of_the_machine_and_the_control_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert free_memory() > 0
    (tmp_path / "meminfo").write_text("MemTotal:  900 kB\nMemAvailable:     300 kB\n")
    assert machine._free_of_machine(tmp_path / "meminfo") == 300 * 1024
    assert machine._free_of_machine(tmp_path / "none") == 4 * 1024**3
    monkeypatch.setattr(machine, "_control_groups", lambda _: [tmp_path])
    for limit, expected in (("5000\n", 5000 - 4000 + 100), ("max\n", 300 * 1024)):
        (tmp_path / "memory.max").write_text(limit)
        (tmp_path / "memory.current").write_text("4000\n")
        (tmp_path / "memory.stat").write_text("file 700\ninactive_file 100\n")
        monkeypatch.setattr(machine, "_free_of_machine", lambda: 300 * 1024)
        assert free_memory() == expected
    for name in ("memory.max", "memory.current"):
        (tmp_path / name).unlink()
    (tmp_path / "memory.limit_in_bytes").write_text("9000\n")
    (tmp_path / "memory.usage_in_bytes").write_text("4000\n")
    (tmp_path / "memory.stat").write_text("inactive_file 1\ntotal_inactive_file 200\n")
    assert free_memory() == 9000 - 4000 + 200


def test_the_age_of_this_process_grows() -> None:
    before = machine.process_age()
    time.sleep(0.05)
    assert (before > 0) == sys.platform.startswith("linux")
    assert not before or machine.process_age() > before
