"""Runs of up to four processes and two machines, which take minutes: `nox -s processes`."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.rendezvous import Address
from tests.sameness import same
from tests.training.test_processes import (
    LONG,
    SMALL_RUN,
    children_of,
    has_ended,
    reporting,
    start_process,
    wait_until,
)

pytestmark = pytest.mark.timeout(600)
Started = list[tuple[tuple[str | int, ...], dict[str, str]]]
"""The further words of each command, and its variables."""
SHORT = (*SMALL_RUN, "--steps", 3, "--seed", 5, "--run-dir", "run")
SLOW_EVALUATION = """
import time
from ganzoo.cli import main
from ganzoo.training.periodic_evaluation import PeriodicEvaluation

evaluate = PeriodicEvaluation._evaluate
PeriodicEvaluation._evaluate = lambda *given: (time.sleep(15), evaluate(*given))[1]
main()
"""


def place() -> dict[str, str]:
    """The variables with an address for two machines that are this one."""
    host, port = Address.on_this_machine()
    return {"MASTER_ADDR": host, "MASTER_PORT": str(port)}


def state(run: Path) -> dict[str, object]:
    found: dict[str, object] = Checkpoints(run / "checkpoints", 1).load()["state"]
    return found


def test_two_machines_of_two_processes_by_ganzoo_torchrun_and_srun(tmp_path: Path) -> None:
    ganzoo = ("-m", "ganzoo", *SHORT)
    torchrun = ("-m", "torch.distributed.run", "--nnodes", 2, "--nproc-per-node", 2)
    states = []
    for kind in ("ganzoo", "torchrun", "tasks of srun", "ganzoo by srun"):
        folder, variables, processes = tmp_path / kind, place(), []
        folder.mkdir()
        host, port = variables["MASTER_ADDR"], variables["MASTER_PORT"]
        for node in (0, 1):
            slurm = {"SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_TASKS_PER_NODE": "1(x2)"}
            slurm |= {"SLURM_PROCID": str(node), "SLURM_NODEID": str(node), "SLURM_LOCALID": "0"}
            if kind == "ganzoo":
                more = {"NODE_RANK": str(node)}
                started: Started = [(("--nodes", 2, "--devices", 2), more)]
            elif kind == "ganzoo by srun":
                started = [(("--nodes", 2, "--devices", 2), slurm)]
            elif kind == "tasks of srun":
                counts = {"SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_TASKS_PER_NODE": "2(x2)"}
                started = [
                    (
                        (),
                        slurm
                        | counts
                        | {"SLURM_PROCID": str(2 * node + local), "SLURM_LOCALID": str(local)},
                    )
                    for local in (0, 1)
                ]
            else:
                where = ("--node-rank", node, "--master-addr", host, "--master-port", port)
                processes.append(start_process(*torchrun, *where, *ganzoo, folder=folder))
                continue
            processes += [
                start_process(*ganzoo, *words, folder=folder, **variables, **more)
                for words, more in started
            ]
        outputs = [process.communicate(timeout=600) for process in processes]
        assert [process.returncode for process in processes] == [0] * len(processes), outputs
        assert "".join(stdout for stdout, _ in outputs) == "run\n"
        states.append(state(folder / "run"))
    assert all(same(states[0], other) for other in states[1:])


def test_if_a_process_of_one_machine_is_killed_both_end_with_the_same_line(tmp_path: Path) -> None:
    words = (*SMALL_RUN, *LONG, "--nodes", 2, "--run-dir", "run")
    given = place()
    first, second = (
        start_process("-m", "ganzoo", *words, folder=tmp_path, NODE_RANK=str(node), **given)
        for node in (0, 1)
    )
    reporting(tmp_path / "run", first)
    (killed,) = children_of(second)
    os.kill(killed, signal.SIGKILL)
    lines = {each.communicate(timeout=600)[1].splitlines()[-1] for each in (first, second)}
    (line,) = lines
    assert "rank 1 was killed by SIGKILL" in line
    assert (first.returncode, second.returncode) == (1, 1)


def test_three_processes_end_if_the_last_one_hangs(tmp_path: Path) -> None:
    words = (*SMALL_RUN, *LONG, "--batch-size", 9, "--devices", 3, "train.timeout=5 seconds")
    process = start_process("-m", "ganzoo", *words, "--run-dir", "run", folder=tmp_path)
    reporting(tmp_path / "run", process)
    children = children_of(process)
    os.kill(children[2], signal.SIGSTOP)
    _, stderr = process.communicate(timeout=600)
    assert "no answer within train.timeout=5 seconds" in stderr
    assert process.returncode == 1
    assert all(map(has_ended, children))


def test_torchrun_restarts_a_run_that_resumes(tmp_path: Path) -> None:
    torchrun = ("-m", "torch.distributed.run", "--nproc-per-node", 2, "--max-restarts", 1)
    words = (*SMALL_RUN, "--steps", 200, "checkpoint.every=5", "checkpoint.keep=1")
    command = (*torchrun, "-m", "ganzoo", *words, "--run-dir", "run")
    process = start_process(*command, folder=tmp_path)
    checkpoints = tmp_path / "run" / "checkpoints"
    wait_until(lambda: bool(list(checkpoints.glob("*.pt"))) or process.poll() is not None)
    os.kill(children_of(process)[1], signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=600)
    assert (process.returncode, stdout) == (0, "run\n"), stderr
    assert Checkpoints(checkpoints, 1).load()["step"] == 200


def test_an_evaluation_may_take_longer_than_the_timeout(tmp_path: Path) -> None:
    evaluation = ("evaluate.every=2", "evaluate.metrics=moments", "evaluate.samples=8")
    settings = (*SHORT, *evaluation, "train.timeout=5 seconds", "--devices", 2)
    process = start_process("-c", SLOW_EVALUATION, *settings, folder=tmp_path)
    stdout, stderr = process.communicate(timeout=600)
    assert (process.returncode, stdout) == (0, "run\n"), stderr
    assert len((tmp_path / "run" / "evaluations.jsonl").read_text().splitlines()) == 2
