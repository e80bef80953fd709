"""Runs of up to four processes and two machines, which take minutes: `nox -s processes`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.rendezvous import Address
from tests.sameness import same
from tests.training.test_processes import (
    LONG,
    SMALL_RUN,
    TORCHRUN,
    Tiny,
    children_of,
    has_ended,
    reporting,
    start_process,
    steps,
    trained_run,
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


def test_an_error_in_all_processes_is_one_line_with_its_status(tmp_path: Path) -> None:
    words = ("--devices", 2, "data.classes=rose")
    process = start_process("-m", "ganzoo", *SMALL_RUN, *words, folder=tmp_path)
    stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, stdout) == (2, "")
    *_, line = stderr.splitlines()
    assert line.startswith("error: data.classes: there is no class rose")
    assert stderr.count("there is no class rose") == 1


def test_a_program_whose_other_process_is_killed_gets_an_error(tmp_path: Path) -> None:
    script = """
import os, signal
from ganzoo.training.trainer import Trainer
import ganzoo

step = Trainer.step
def killed(self):
    if os.environ.get("RANK") == "1" and self.progress.step == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    step(self)
Trainer.step = killed
settings = {"dataset.count": 20, "architecture.width": 4, "sample.count": 4}
try:
    ganzoo.train("blossoms", "mlp", "hinge", resolution=8, batch_size=8, steps=5, device="cpu",
                 devices=2, run_dir="run", quiet=True, settings=settings)
except ConnectionError as error:
    print(error)
"""
    process = start_process("-c", script, folder=tmp_path)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    assert stdout.startswith("a process of this run was lost (rank 1 was killed by SIGKILL): ")


def test_torchrun_trains_the_weights_of_processes_that_ganzoo_starts(tmp_path: Path) -> None:
    settings = (*SMALL_RUN, "--steps", 3, "--seed", 5)
    launched = start_process(*TORCHRUN, *settings, folder=tmp_path)
    stdout, stderr = launched.communicate(timeout=300)
    assert launched.returncode == 0, stderr
    (run,) = (tmp_path / "runs").iterdir()
    assert stdout == f"{run.relative_to(tmp_path)}\n"
    assert stderr.count("torchrun started 2 processes, which train this run together") == 1
    assert stderr.count("preparing 20 images") == 1
    (session,) = json.loads((run / "environment.json").read_text())["sessions"]
    assert session["processes"] == 2
    assert "devices" not in (run / "run.toml").read_text()

    own = start_process("-m", "ganzoo", *settings, "--devices", 2, folder=tmp_path)
    _, stderr = own.communicate(timeout=300)
    assert own.returncode == 0, stderr
    assert "torchrun" not in stderr
    (other,) = {*(tmp_path / "runs").iterdir()} - {run}
    first, second = (Checkpoints(each / "checkpoints", 3).load() for each in (run, other))
    assert same(first["state"], second["state"])


def test_a_run_resumes_under_torchrun_and_stops_on_its_signal(tiny: Tiny) -> None:
    run = trained_run(tiny)
    process = reporting(run, start_process(*TORCHRUN, "resume", run, *LONG, folder=run.parent))
    process.terminate()
    _, stderr = process.communicate(timeout=300)
    assert "these changed: processes 1 -> 2" in stderr
    assert "stopped at step " in stderr
    first, stopped = sorted(steps(run))
    assert (first, stopped > 3) == (3, True)
    assert not (run / "owner.json").exists()


def test_a_process_that_is_killed_during_the_last_evaluation_is_an_error(tmp_path: Path) -> None:
    script = """
import os, signal
from ganzoo.training.shared_blocks import SharedBlocks
import ganzoo

SharedBlocks.help = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
settings = {"dataset.count": 20, "architecture.width": 4, "sample.count": 4, "evaluate.every": 2,
            "evaluate.metrics": ["swd"], "evaluate.samples": 20}
try:
    ganzoo.train("blossoms", "mlp", "hinge", resolution=8, batch_size=8, steps=2, device="cpu",
                 devices=2, run_dir="run", settings=settings)
except ConnectionError as error:
    print(error)
"""
    process = start_process("-c", script, folder=tmp_path)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    assert stdout.startswith("a process of this run was lost (rank 1 was killed by SIGKILL): ")
    assert "the evaluation failed" not in stderr


@pytest.mark.parametrize(
    ("condition", "arguments", "message"),
    [
        ("True", ["-"], "this program cannot be started again for other processes"),
        (
            "'RANK' not in os.environ",
            ["-c"],
            "error: this program was started again for the other processes of the run, and ended "
            "without training",
        ),
    ],
)
def test_a_program_that_does_not_train_again_ends_with_an_error(
    condition: str, arguments: list[str], message: str, tmp_path: Path
) -> None:
    script = f"""
import os
if {condition}:
    from ganzoo.sections import TrainOptions
    from ganzoo.training.engine import Engine
    Engine(TrainOptions(device="cpu", devices=2))
"""
    command = [sys.executable, *arguments, *([script] if arguments == ["-c"] else [])]
    ended = subprocess.run(
        command,
        cwd=tmp_path,
        input=script,
        text=True,
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 1
    assert message in ended.stderr


def test_a_stop_while_one_process_still_prepares_leaves_no_run_without_checkpoint(
    tmp_path: Path,
) -> None:
    script = """
import os, time
from ganzoo.cli import main
from ganzoo.training import session

build = session._build_evaluation
def slow(assembly):
    time.sleep(60 * (os.environ.get("RANK") == "1"))
    return build(assembly)
session._build_evaluation = slow
main()
"""
    command = ("-c", script, *SMALL_RUN, "--devices", 2, "--run-dir", "run")
    process = start_process(*command, folder=tmp_path)
    assert process.stderr
    for line in process.stderr:
        if "may memorize" in line:  # the main process has built everything
            break
    time.sleep(0.5)
    process.terminate()
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 75
    assert stderr == "error: stopped before the first step: run the same command again\n"
    assert not (tmp_path / "run").exists()
