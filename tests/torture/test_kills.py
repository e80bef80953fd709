from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("its handles of processes are Linux's", allow_module_level=True)

from tests.torture.faults import SAVING
from tests.torture.kills import torture_everywhere


def test_a_run_killed_at_each_point_of_a_save_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    # In a process of its own: one in which a GPU was used cannot fork.
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        rows = pool.submit(torture_everywhere, tmp_path).result()
    assert [line for row in rows for line in row.lost] == []
    assert {f"death: {point.name}" for point in SAVING} < {row.what for row in rows}
