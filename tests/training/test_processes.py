"""Several processes: gradients, weights, writing, and lost processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo import RequestError
from ganzoo.contracts import Terms
from ganzoo.registry import Entry, Registry
from ganzoo.shard import WHOLE_BATCH, Shard
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.rendezvous import Address
from tests.plugins.steps import GivenStep, scores
from tests.sameness import same

NEED_A_RUN = {
    *("dual-contrastive", "soft-hinge"),  # they define phases
    # They use all processes, networks or conditions.
    *("auxiliary-classifier", "dragan", "fastgan-reconstruction", "mismatch", "path-length"),
}
"""A given step lacks what these use; ``tests/trials`` trains in two processes with most of them."""

BUNDLED = [
    entry
    for kind in ("loss", "regularizer")
    for entry in Registry.discover().entries(kind)
    if "ganzoo-toolkit" in str(entry.plugin) and entry.component.name not in NEED_A_RUN
]
IMAGES = 12  # divisible by 2 and 3


def critic() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(
        *(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(12, 1), nn.Flatten(0))
    ).double()


class ShardedStep(GivenStep):
    """A step of a process with a shard of the random numbers, too."""

    def __init__(self, shard: Shard, *given: Any) -> None:
        super().__init__(*given)
        self.batch_size = IMAGES
        self._shard = shard

    def uniform(self, *shape: int) -> Tensor:
        random = torch.Generator().manual_seed(3)
        drawn = torch.rand(IMAGES, *shape, generator=random, dtype=torch.float64)
        return self._shard.of(drawn)

    normal = uniform


def terms_of(component: Any, network: str, step: ShardedStep) -> Terms:
    if hasattr(component, "terms"):
        terms: Terms = component.terms(step)
        return terms
    images = (step.real.images, step.fake.images)
    real, fake = (step.critic(each) for each in images)
    found: Terms = getattr(component, network)(scores(real=real, fake=fake))
    return found


def gradients(component: Any, network: str, shard: Shard) -> Tensor:
    """The gradients of a process with this shard of a batch, flat, in float64."""
    random = torch.Generator().manual_seed(2)
    drawn = torch.randn(2, IMAGES, 2, 4, 4, generator=random, dtype=torch.float64)
    real, fake = (shard.of(images) for images in drawn)
    discriminator = critic()
    gain = nn.Parameter(torch.ones((), dtype=torch.float64))  # a generator of one weight
    terms = terms_of(component, network, ShardedStep(shard, discriminator, real, fake * gain))
    trained = [*discriminator.parameters()] if network == "discriminator" else [gain]
    total = torch.stack(list(terms.values())).sum()
    # A regularizer's gradient does not depend on biases after the last nonlinearity.
    found = torch.autograd.grad(total, trained, materialize_grads=True)
    return torch.cat([gradient.flatten() for gradient in found])


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("network", ["discriminator", "generator"])
@pytest.mark.parametrize("entry", BUNDLED, ids=lambda entry: entry.qualified_name)
def test_gradients_of_shards_average_to_those_of_the_whole_batch(
    entry: Entry, network: str, count: int
) -> None:
    component = entry.component.build(entry.component.options())
    network = getattr(component, "network", network)
    whole = gradients(component, network, WHOLE_BATCH)
    assert whole.abs().max() > 0
    shards = [gradients(component, network, Shard(rank, count)) for rank in range(count)]
    torch.testing.assert_close(torch.stack(shards).mean(0), whole, atol=1e-10, rtol=1e-10)


WATCHED = """
import hashlib, json, os, sys
from pathlib import Path
import torch
from ganzoo.folders import RunFolder
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training import session, started_run
from ganzoo.training.loop import Loop

folder = Path("run").absolute()
rank = os.environ.get("RANK", "0")
touched = []


def audit(event, arguments):
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir"):
        if str(arguments[0]).startswith(str(folder)):
            touched.append(f"{event} {arguments[0]}")


class Watched(Loop):
    def train(self, *arguments, **more):
        outcome = super().train(*arguments, **more)
        networks = self.trainer.setup.networks.values()
        weights = [weight for network in networks for weight in network.parameters()]
        content = b"".join(weight.detach().numpy().tobytes() for weight in weights)
        threads = [torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS")]
        weights = hashlib.sha256(content).hexdigest()
        result = {"weights": weights, "touched": touched, "threads": threads}
        Path(f"rank-{rank}.json").write_text(json.dumps(result))
        return outcome


started_run.Loop = Watched
sys.addaudithook(audit)
settings = Settings()
settings.override(sys.argv[1:])
run = Run.resolve(settings)
session.train(run, lambda: RunFolder.create(folder, run.tree()))
"""


def test_processes_keep_the_same_weights_and_only_the_main_process_writes(tmp_path: Path) -> None:
    (tmp_path / "watched.py").write_text(WATCHED)
    command = [
        *(sys.executable, "watched.py", "dataset=blossoms", "architecture=dcgan", "loss=hinge"),
        *(
            "dataset.count=20",
            "data.resolution=8",
            "architecture.base_channels=2",
            "sample.count=4",
        ),
        *("train.device=cpu", "train.devices=2", "train.batch_size=8", "train.steps=40"),
        *("checkpoint.every=10", "sample.every=20", "augment.flip=true", "train.threads=1"),
    ]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second = (json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in (0, 1))
    assert first["weights"] == second["weights"]  # with batch statistics of their own
    assert first["touched"]
    assert second["touched"] == []
    assert first["threads"] == second["threads"] == [1, None]


linux = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
Tiny = Callable[..., dict[str, Any]]


LONG = ("--steps", 10**9, "log.every=1", "sample.every=1000000000")


def start_process(*command: object, folder: Path, **environment: str) -> subprocess.Popen[str]:
    """Start Python with these arguments in a new process group."""
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        cwd=folder,
        stdin=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def resume_with_two(run: Path, *settings: object) -> subprocess.Popen[str]:
    """Resume a run of one process with two; return when they have reported something."""
    command = ("-m", "ganzoo", "resume", run, "train.devices=2", *LONG, *settings)
    return reporting(run, start_process(*command, folder=run.parent))


def reporting(run: Path, process: subprocess.Popen[str]) -> subprocess.Popen[str]:
    """The same process, when its run has reported something more."""
    journal = run / "metrics.jsonl"
    before = journal.stat().st_size if journal.exists() else 0
    wait_until(
        lambda: (journal.exists() and journal.stat().st_size > before) or process.poll() is not None
    )
    return process


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def children_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes that a process has started, in the order of their ranks."""
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(each) for each in text.split()]


def has_ended(process: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return True


def trained_run(tiny: Tiny) -> Path:
    """The folder of a run of one process with three steps."""
    folder: Path = ganzoo.train(**tiny(architecture="mlp")).folder
    return folder


def steps(run: Path) -> list[int]:
    return [int(path.stem.removeprefix("step-")) for path in (run / "checkpoints").glob("*.pt")]


@linux
def test_two_processes_resume_a_run_of_one_and_a_signal_to_the_second_stops_both(
    tiny: Tiny,
) -> None:
    run = trained_run(tiny)
    process = resume_with_two(run)
    main, second = children_of(process)
    with pytest.raises(RequestError, match=f"is in use by process {main} on "):
        ganzoo.resume(run, quiet=True)
    assert not has_ended(second)  # the refused resume has not disturbed it
    os.kill(second, signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, stdout) == (75, f"{run}\n"), stderr
    assert has_ended(main)
    assert has_ended(second)
    assert "not exact to the bit, because these changed: processes 1 -> 2" in stderr
    assert "error" not in stderr

    first, stopped = sorted(steps(run))  # there is one more checkpoint
    assert (first, stopped > 3) == (3, True)
    ganzoo.resume(run, quiet=True, steps=stopped + 1, devices=1)
    state = Checkpoints(run / "checkpoints", 3).load()
    images = (stopped + 1) * 2 * 8  # two discriminator updates of eight images each
    assert (state["step"], state["images_seen"]) == (stopped + 1, images)
    sessions = json.loads((run / "environment.json").read_text())["sessions"]
    assert [session["processes"] for session in sessions] == [1, 2, 1]


@linux
@pytest.mark.parametrize(
    ("number", "rank", "reason"),
    [
        (signal.SIGKILL, 1, "rank 1 was killed by SIGKILL"),
        (signal.SIGSTOP, 0, "no answer within train.timeout=5 seconds"),
    ],
)
def test_if_one_process_is_killed_or_hangs_all_end_with_one_line(
    number: signal.Signals, rank: int, reason: str, tiny: Tiny
) -> None:
    run = trained_run(tiny)
    process = resume_with_two(run, "train.timeout=5 seconds")
    children = children_of(process)
    os.kill(children[rank], number)
    stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, stdout, steps(run)) == (1, "", [3])
    *_, line = stderr.splitlines()
    assert line == (
        f"error: a process of this run was lost ({reason}): resume from the newest checkpoint "
        "with `ganzoo resume`"
    )
    assert stderr.count("error") == 1
    assert "Traceback" not in stderr
    assert all(map(has_ended, children))


@linux
def test_all_processes_start_again_and_compute_the_same_as_without_the_failure(
    tmp_path: Path,
) -> None:
    settings = (*SMALL_RUN, "--steps", 120, "--devices", 2, "train.restarts=1", "log.every=5")
    every = ("checkpoint.every=10", "sample.every=1000", "checkpoint.keep=1")
    run = tmp_path / "killed"
    command = ("-m", "ganzoo", *settings, *every, "--run-dir")
    process = start_process(*command, run, folder=tmp_path)
    wait_until(lambda: bool(list(run.glob("checkpoints/*.pt"))) or process.poll() is not None)
    main, _ = children_of(process)
    os.kill(main, signal.SIGKILL)
    whole = start_process(*command, tmp_path / "whole", folder=tmp_path)
    stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, stdout) == (0, f"{run}\n"), stderr
    assert "rank 0 was killed by SIGKILL" in stderr
    assert "all processes start again (1 of 1)" in stderr
    whole.communicate(timeout=300)
    first, second = (
        Checkpoints(tmp_path / name / "checkpoints", 1).load() for name in ("killed", "whole")
    )
    assert first["step"] == 120
    assert same(first["state"], second["state"])


def test_a_run_that_may_start_again_needs_the_name_of_its_folder(tmp_path: Path) -> None:
    process = start_process("-m", "ganzoo", *SMALL_RUN, "train.restarts=1", folder=tmp_path)
    stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, stdout) == (2, "")
    assert "name its folder, with --run-dir, so that it can resume" in stderr


def test_two_machines_train_one_run_by_ganzoo_and_by_srun(tmp_path: Path) -> None:
    settings = (*SMALL_RUN, "--steps", 3, "--seed", 5)
    port = str(Address.on_this_machine().port)
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    command = ("-m", "ganzoo", *settings, "--nodes", 2, "--run-dir", "two")
    machines = [
        start_process(*command, folder=tmp_path, NODE_RANK=str(node), **place) for node in (0, 1)
    ]
    outputs = [machine.communicate(timeout=300) for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], outputs
    assert [stdout for stdout, _ in outputs] == ["two\n", ""]
    assert outputs[1][1] == ""  # only the main process reports

    tasks = {"SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_TASKS_PER_NODE": "1(x2)", **place}
    by_srun = ("-m", "ganzoo", *settings, "--run-dir", "slurm")
    machines = [
        start_process(
            *by_srun,
            folder=tmp_path,
            SLURM_PROCID=str(rank),
            SLURM_NODEID=str(rank),
            SLURM_LOCALID="0",
            **tasks,
        )
        for rank in (0, 1)
    ]
    outputs = [machine.communicate(timeout=300) for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], outputs
    assert [stdout for stdout, _ in outputs] == ["slurm\n", ""]
    assert "srun started 2 processes, which train this run together" in outputs[0][1]
    first, second = (
        Checkpoints(tmp_path / name / "checkpoints", 3).load() for name in ("two", "slurm")
    )
    assert same(first["state"], second["state"])


def test_a_port_in_use_is_named_and_no_process_is_left(tmp_path: Path) -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        script = (
            "from ganzoo.sections import TrainOptions; from ganzoo.training.engine import Engine\n"
            "Engine(TrainOptions(device='cpu', devices=2))"
        )
        process = start_process("-c", script, folder=tmp_path, MASTER_PORT=str(port))
        _, stderr = process.communicate(timeout=300)
    *_, line = stderr.splitlines()
    assert line == (
        f"ConnectionError: the processes of this run cannot connect at 127.0.0.1, port {port}: set "
        "another MASTER_PORT, or unset it to use a free port"
    )
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # its process group is empty


TORCHRUN = ("-m", "torch.distributed.run", "--nproc-per-node", 2, "-m", "ganzoo")
SMALL_RUN = (
    *("train", "blossoms", "dcgan", "hinge", "--resolution", 8, "--batch-size", 8),
    *("--device", "cpu", "dataset.count=20", "architecture.base_channels=2", "sample.count=4"),
)


def test_what_torchrun_cannot_start_is_refused_in_one_line(tmp_path: Path) -> None:
    process = start_process(*TORCHRUN, *SMALL_RUN, "--devices", 3, folder=tmp_path)
    stdout, stderr = process.communicate(timeout=300)
    errors = [line for line in stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "train.devices=3, but torchrun started 2 processes: leave" in errors[0]
    assert "exitcode  : 2" in stderr  # as torchrun reports it; its own status is 1
    assert (process.returncode, stdout, list(tmp_path.iterdir())) == (1, "", [])


SECOND = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_PORT": "1"}
"""Variables of the second process of a launcher."""


def test_an_error_of_another_process_alone_is_reported(tmp_path: Path) -> None:
    script = "from ganzoo.cli import processes, main\nprocesses.GRACE_PERIOD = 0\nmain()"
    process = start_process("-c", script, "info", "nothing", folder=tmp_path, **SECOND)
    stdout, stderr = process.communicate(timeout=300)
    assert (process.returncode, stdout) == (2, "")
    assert stderr.startswith("error: torchrun started 2 processes, but `ganzoo info` needs only")


def test_a_request_to_stop_is_not_reported_by_other_processes(tmp_path: Path) -> None:
    script = (
        "import os, signal\nfrom ganzoo import cli\n"
        "cli.app = lambda **more: os.kill(os.getpid(), signal.SIGTERM)\ncli.main()"
    )
    process = start_process("-c", script, "train", folder=tmp_path, **SECOND)
    assert process.communicate(timeout=300) == ("", "")
    assert process.returncode == 75
    alone = start_process("-c", script, "train", folder=tmp_path)
    assert alone.communicate(timeout=300) == ("", "error: terminated\n")


def test_from_python_sweeps_and_evaluations_are_refused_in_several_processes(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained_run(tiny)
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RequestError, match="but a sweep needs only one"):
        ganzoo.sweep("blossoms", "mlp", ["hinge", "lsgan"], sweep_dir=run.parent / "sweep")
    with pytest.raises(RequestError, match="but an evaluation needs only one"):
        ganzoo.evaluate(run, quiet=True)
    assert not (run.parent / "sweep").exists()
    assert not (run / "evaluations.jsonl").exists()
