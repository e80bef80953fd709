from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from ganzoo import RequestError
from ganzoo.launcher import (
    AGENT,
    AGENT_PROCESS,
    Launcher,
    is_main_process,
    launcher,
    local_process_count,
    max_restarts,
    node_rank,
    process_count,
    process_rank,
    require_single_process,
    restarts,
    starts_processes,
)


def torchrun(rank: int, processes: int, local: int | None = None) -> dict[str, str]:
    """The variables that torchrun sets."""
    return {
        "TORCHELASTIC_RUN_ID": "none",
        "WORLD_SIZE": str(processes),
        "RANK": str(rank),
        "LOCAL_WORLD_SIZE": str(local or processes),
        "LOCAL_RANK": str(rank % (local or processes)),
        "MASTER_ADDR": "node1",
        "MASTER_PORT": "29500",
    }


def srun(rank: int, tasks: str, node: int = 0, local: int = 0) -> dict[str, str]:
    """The variables that srun sets; ``tasks`` are those of each machine, as SLURM writes them."""
    count = {"2": 2, "2(x2)": 4, "1(x2)": 2, "2,1": 3}[tasks]
    return {
        **SLURM,
        "SLURM_STEP_NUM_TASKS": str(count),
        "SLURM_STEP_TASKS_PER_NODE": tasks,
        "SLURM_PROCID": str(rank),
        "SLURM_LOCALID": str(local),
        "SLURM_NODEID": str(node),
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
    assert (local_process_count(None), local_process_count(3, 2)) == (1, 3)
    require_single_process("a sweep")


def test_processes_that_ganzoo_started_follow_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_variables(monkeypatch, {**torchrun(2, 3), "TORCHELASTIC_RUN_ID": AGENT})
    assert launcher() == Launcher(AGENT, 2, 3)
    assert (process_count(3), process_rank()) == (3, 2)
    assert not is_main_process(3)
    assert is_main_process(1)
    require_single_process("an evaluation")  # each process of a program evaluates, then
    assert not starts_processes(3, None, 0)


def test_torchrun_on_several_machines_trains_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, torchrun(3, 4, local=2))
    assert (process_count(None), process_count(2, 2), process_count(None, 2)) == (4, 4, 4)
    found = launcher()
    assert found
    assert (found.machines, found.local_processes, found.local_rank) == (2, 2, 1)
    assert local_process_count(None) == 2
    with pytest.raises(RequestError, match=r"devices=4, but .* 4 processes \(2 on each machine\)"):
        process_count(4)
    with pytest.raises(RequestError, match=r"nodes=1, but torchrun .* on 2 machines: leave"):
        process_count(None, 1)


def test_tasks_of_srun_train_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, srun(3, "2(x2)", node=1, local=1))
    found = launcher()
    assert found == Launcher("srun", 3, 4)
    assert (found.machines, found.local_processes, found.local_rank) == (2, 2, 1)
    assert process_count(None) == process_count(2, 2) == 4
    assert not starts_processes(2, 2, 0)


def test_one_task_of_srun_on_each_machine_may_start_the_processes_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_variables(monkeypatch, srun(1, "1(x2)", node=1))
    assert starts_processes(4, 2, 0)
    assert node_rank(2) == 1
    assert not is_main_process(4, 2)
    assert not starts_processes(1, 2, 0)
    assert not starts_processes(4, None, 0)
    set_variables(monkeypatch, srun(0, "1(x2)"))
    assert is_main_process(4, 2)


@pytest.mark.parametrize(
    "variables", [srun(2, "2,1"), torchrun(0, 3, local=2), torchrun(2, 3, local=1)]
)
def test_another_number_of_processes_on_a_machine_is_refused(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_variables(monkeypatch, {**variables, "GROUP_WORLD_SIZE": "2"})
    with pytest.raises(RequestError, match="3 processes, but not as many on each of 2 machines"):
        process_count(None)


def test_a_command_starts_processes_for_devices_machines_and_restarts() -> None:
    assert [starts_processes(*given) for given in ((2, None, 0), (None, 2, 0), (1, 1, 1))] == [
        True
    ] * 3
    assert not starts_processes(None, None, 0)
    assert not starts_processes(1, 1, 0)


def test_the_number_of_a_machine_is_that_of_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_NODEID", "1")
    assert (node_rank(1), node_rank(2)) == (0, 1)
    monkeypatch.setenv("NODE_RANK", "2")
    assert node_rank(3) == 2
    with pytest.raises(RequestError, match=r"NODE_RANK=2, but train\.nodes=2: count from 0"):
        node_rank(2)
    for name in ("SLURM_NODEID", "NODE_RANK"):
        monkeypatch.delenv(name)
    with pytest.raises(RequestError, match="set NODE_RANK, from 0 on the first machine to 2"):
        node_rank(3)


def test_the_launcher_says_how_often_it_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (restarts(), max_restarts()) == (0, 0)
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    monkeypatch.setenv("TORCHELASTIC_MAX_RESTARTS", "3")
    assert (restarts(), max_restarts()) == (1, 3)


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


@pytest.mark.parametrize(
    ("missing", "local"), [("LOCAL_WORLD_SIZE", 2), ("MASTER_PORT", 2), ("MASTER_ADDR", 1)]
)
def test_a_launcher_must_say_where_its_processes_are(
    missing: str, local: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_variables(monkeypatch, torchrun(0, 2, local))
    monkeypatch.delenv(missing)
    with pytest.raises(RequestError, match=f"{missing} is unset"):
        process_count(None)


def test_what_needs_one_process_is_refused_in_several(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, torchrun(0, 1))
    require_single_process("a sweep")
    set_variables(monkeypatch, torchrun(0, 2))
    with pytest.raises(RequestError, match="torchrun started 2 processes, but a sweep needs only"):
        require_single_process("a sweep")


@pytest.mark.skipif(sys.platform == "win32", reason="processes keep their parent there")
def test_a_process_ends_soon_after_the_one_that_started_it() -> None:
    child = (
        "import time; from ganzoo.launcher import exit_with_launcher\n"
        "exit_with_launcher(0); print('here', flush=True); time.sleep(600)"
    )
    parent = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid, flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", parent], stdout=subprocess.PIPE, check=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(int(done.stdout), 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("the process is still there")


@pytest.mark.skipif(sys.platform == "win32", reason="processes keep their parent there")
def test_a_process_ends_if_the_one_that_started_it_has_ended_before_it_looks() -> None:
    child = "import time; from ganzoo.launcher import exit_with_launcher\nexit_with_launcher(0)"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    done = subprocess.run(
        [sys.executable, "-c", f"{child}; time.sleep(600)"],
        env={**os.environ, AGENT_PROCESS: str(gone.pid)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 1


def test_the_module_needs_no_torch() -> None:
    script = "import sys, ganzoo.launcher; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
