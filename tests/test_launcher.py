from __future__ import annotations

import subprocess
import sys

import pytest

from ganzoo import RequestError
from ganzoo.launcher import (
    CHILD_RANK,
    Launcher,
    is_main_process,
    launcher,
    process_count,
    process_rank,
    require_single_process,
)


def torchrun(rank: int, processes: int, local: int | None = None) -> dict[str, str]:
    """The variables that torchrun sets."""
    return {
        "TORCHELASTIC_RUN_ID": "none",
        "WORLD_SIZE": str(processes),
        "RANK": str(rank),
        "LOCAL_WORLD_SIZE": str(local or processes),
        "MASTER_PORT": "29500",
    }


SLURM = {"SLURM_NTASKS": "2", "SLURM_JOB_ID": "5"}


def set_variables(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_the_processes_of_torchrun_train_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, torchrun(1, 4))
    assert launcher() == Launcher("torchrun", 1, 4)
    assert (process_count(None), process_count(4), process_rank()) == (4, 4, 1)
    assert not is_main_process(None)


@pytest.mark.parametrize("devices", [1, 2, 8])
def test_another_number_of_devices_is_refused(
    devices: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_variables(monkeypatch, torchrun(0, 4))
    with pytest.raises(RequestError, match=f"devices={devices}, but torchrun started 4 processes"):
        is_main_process(devices)


def test_without_a_launcher_the_setting_counts() -> None:
    assert launcher() is None
    assert (process_count(None), process_count(3), process_rank()) == (1, 3, 0)
    require_single_process("a sweep")


def test_a_child_of_ganzoo_is_not_one_of_a_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, {CHILD_RANK: "2", "WORLD_SIZE": "9", "RANK": "7"})
    assert (launcher(), process_count(3), process_rank()) == (None, 3, 2)
    assert not is_main_process(3)
    assert is_main_process(1)


@pytest.mark.parametrize(
    "variables",
    [
        {**SLURM, "SLURM_PROCID": "0"},  # in a batch script, before srun
        {**SLURM, "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"},
        {"LOCAL_RANK": "1"},
        {"RANK": "1"},
        {"WORLD_SIZE": "2"},
        {"WORLD_SIZE": "", "RANK": ""},
        {"WORLD_SIZE": "1", "RANK": "0"},  # some containers
    ],
)
def test_variables_that_start_no_further_process_are_ignored(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_variables(monkeypatch, variables)
    assert launcher() is None
    assert (process_count(None), process_count(2), process_rank()) == (1, 2, 0)


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({**SLURM, "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"}, "srun"),
        ({"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"}, "mpirun"),
        ({"PMI_SIZE": "2", "PMI_RANK": "0"}, "mpiexec"),
    ],
)
@pytest.mark.parametrize("devices", [None, 1, 2])
def test_processes_that_cannot_connect_are_refused(
    variables: dict[str, str],
    name: str,
    devices: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_variables(monkeypatch, variables)
    with pytest.raises(RequestError, match=f"{name} started 2 processes .*--devices N, or use"):
        process_count(devices)


def test_several_machines_are_refused_in_each_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for rank in range(4):
        set_variables(monkeypatch, torchrun(rank, 4, local=2))
        with pytest.raises(RequestError, match="started 4 processes on more than one machine"):
            process_count(None)


@pytest.mark.parametrize("missing", ["LOCAL_WORLD_SIZE", "MASTER_PORT"])
def test_a_launcher_must_say_where_its_processes_are(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_variables(monkeypatch, torchrun(0, 2))
    monkeypatch.delenv(missing)
    with pytest.raises(RequestError, match=f"{missing} is unset"):
        process_count(None)


def test_what_needs_one_process_is_refused_in_several(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, torchrun(0, 1))
    require_single_process("a sweep")
    set_variables(monkeypatch, torchrun(0, 2))
    with pytest.raises(RequestError, match="torchrun started 2 processes, but a sweep needs only"):
        require_single_process("a sweep")


def test_the_module_needs_no_torch() -> None:
    script = "import sys, ganzoo.launcher; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
