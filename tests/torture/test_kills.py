from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("it needs os.pidfd_open of Linux", allow_module_level=True)

from tests.torture.faults import SAVING
from tests.torture.kills import kill_at_every_point


def test_a_run_killed_at_each_point_of_a_save_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    # In a new process: one that used a GPU cannot fork.
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        rows = pool.submit(kill_at_every_point, tmp_path).result()
    assert [line for row in rows for line in row.failed] == []
    assert {f"death: {point.name}" for point in SAVING} < {row.what for row in rows}
