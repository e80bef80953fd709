"""Sweeps of four runs by two workers, as `nox -s processes` trains them."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Ganzoo, ganzoo_command
from tests.sweeps.test_workers import interrupt_workers, kill_one_of_two_workers

__all__ = ["ganzoo_command"]

pytestmark = pytest.mark.timeout(300)


def test_the_other_worker_ends_all_runs_if_one_is_killed(ganzoo_command: Ganzoo) -> None:
    kill_one_of_two_workers(ganzoo_command, seeds=4)


def test_ctrl_c_stops_all_workers(ganzoo_command: Ganzoo, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_workers(ganzoo_command, monkeypatch, workers=2)
