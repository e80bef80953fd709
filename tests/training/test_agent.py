"""torch's agent with processes that need no torch: failures, restarts, signals, two machines."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch.distributed.distributed_c10d import Store

from ganzoo.errors import Stopped
from ganzoo.training.agent import Agent
from ganzoo.training.failure import Failure
from ganzoo.training.rendezvous import Address, connect

# torch leaves the files open to which it has sent the output of processes.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

START = """
import os, signal, sys, time
from pathlib import Path
from ganzoo.training.failure import Failure
rank, start = int(os.environ["RANK"]), int(os.environ["TORCHELASTIC_RESTART_COUNT"])
"""


class Program:
    """A program in Python that an agent starts in several processes."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.messages: list[str] = []
        self._patch = monkeypatch
        self._address = Address.on_this_machine()
        self._stores: list[Store] = []

    def agent(
        self, script: str, processes: int = 2, node: int = 0, nodes: int = 1, restarts: int = 0
    ) -> Agent:
        self._patch.setattr(sys, "orig_argv", [sys.executable, "-c", START + script])
        outputs = self.folder / f"outputs-{node}"
        outputs.mkdir()
        self._stores.append(connect(self._address, is_host=not self._stores))
        given = (self._stores[-1], self._address, processes, outputs)
        return Agent(
            *given, node=node, on_restart=self.messages.append, nodes=nodes, restarts=restarts
        )


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHELASTIC_SIGNALS_TO_HANDLE", "SIGQUIT")
    yield Program(tmp_path, monkeypatch)
    gc.collect()


def failure_of(agent: Agent) -> Failure:
    result = agent.run()
    assert result.is_failed()
    assert agent.failure
    return agent.failure


def test_each_process_knows_its_rank_and_its_agent_and_only_rank_0_is_shown(
    program: Program, capfd: pytest.CaptureFixture[str]
) -> None:
    script = (
        "print(rank, os.environ['LOCAL_RANK'], os.environ['WORLD_SIZE'])\n"
        "print('to stderr', rank, file=sys.stderr)\n"
        "sys.exit(os.environ['GANZOO_AGENT_PROCESS'] != str(os.getppid()))"
    )
    assert not program.agent(script, 3).run().is_failed()
    assert capfd.readouterr() == ("0 0 3\n", "to stderr 0\n")


def test_if_one_process_is_killed_the_others_end_within_seconds(program: Program) -> None:
    script = "os.kill(os.getpid(), signal.SIGKILL) if rank == 1 else time.sleep(600)"
    start = time.monotonic()
    failure = failure_of(program.agent(script, 3))
    assert time.monotonic() - start < 60
    assert failure.message == (
        "a process of this run was lost (rank 1 was killed by SIGKILL): resume from the newest "
        "checkpoint with `ganzoo resume`"
    )
    assert failure.status == 1


def test_a_stopped_process_is_killed_after_another_one_has_missed_it(program: Program) -> None:
    script = (
        "if rank == 0:\n    Path('stopped').write_text(str(os.getpid()))\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n"
        "Failure('no answer', lost=True).record()\nsys.exit(1)"
    )
    failure = failure_of(program.agent(script))
    assert (failure.message, failure.status) == ("no answer", 1)
    with pytest.raises(ProcessLookupError):
        os.kill(int(Path("stopped").read_text()), 0)


def test_the_error_that_came_first_counts_and_not_those_that_follow_from_it(
    program: Program,
) -> None:
    script = (
        "if rank == 0:\n    Failure('rank 1 is lost', lost=True).record()\n    sys.exit(1)\n"
        "time.sleep(1)\nFailure('no memory').record()\nsys.exit(1)"
    )
    assert failure_of(program.agent(script)).message == "rank 1: no memory"


def test_a_timeout_counts_and_not_the_connections_that_are_lost_by_it(program: Program) -> None:
    script = (
        "if rank == 0:\n    Failure('connection closed', lost=True).record()\n    sys.exit(1)\n"
        "time.sleep(1)\nFailure('no answer', lost=True, waited=True).record()\nsys.exit(1)"
    )
    assert failure_of(program.agent(script)).message == "no answer"


@pytest.mark.parametrize("status", [2, 75])
def test_mistakes_and_requests_to_stop_keep_their_status_and_restart_nothing(
    status: int, program: Program
) -> None:
    script = f"Path(f'{{rank}}-{{start}}').touch(); sys.exit({status})"
    assert failure_of(program.agent(script, restarts=3)).status == status
    assert {path.name for path in program.folder.glob("*-*")} >= {"0-0"}
    assert not list(program.folder.glob("?-1"))
    assert not program.messages


def test_all_processes_start_again_after_a_failure_up_to_the_limit(program: Program) -> None:
    script = (
        "Path(f'{rank}-{start}').touch()\n"
        "if rank == 1 and start < 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        "if start < 2: time.sleep(600)"
    )
    assert not program.agent(script, restarts=2).run().is_failed()
    assert {p.name for p in program.folder.glob("?-?")} >= {f"{r}-{s}" for r in "01" for s in "12"}
    assert [message.rpartition("; ")[2] for message in program.messages] == [
        f"all processes start again ({number} of 2)" for number in (1, 2)
    ]


def test_a_signal_is_sent_to_all_processes_and_a_second_interrupt_ends_all(
    program: Program,
) -> None:
    script = "signal.signal(signal.SIGTERM, lambda *a: sys.exit(75)); time.sleep(600)"
    agent = program.agent(script, restarts=1)
    with pytest.raises(Stopped, match="stopped before the first step"):
        agent.forward(signal.SIGTERM)
    threading.Timer(1, agent.forward, [signal.SIGTERM]).start()
    assert failure_of(agent).status == 75
    agent.forward(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        agent.forward(signal.SIGINT)


def test_two_machines_start_again_and_end_together(program: Program) -> None:
    script = (
        "Path(f'{rank}-{start}').write_text(os.environ['LOCAL_RANK'] + os.environ['WORLD_SIZE'])\n"
        "while rank < 3 or len(list(Path().glob(f'?-{start}'))) < 4: time.sleep(0.05)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    agents = [program.agent(script, node=node, nodes=2, restarts=1) for node in (0, 1)]
    threads = [threading.Thread(target=agent.run) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = {path.name: path.read_text() for path in program.folder.glob("?-?")}
    assert found == {f"{rank}-{start}": f"{rank % 2}4" for rank in range(4) for start in (0, 1)}
    first, second = (agent.failure for agent in agents)
    assert first
    assert second
    assert first.message == second.message
    assert "rank 3 was killed by SIGKILL" in first.message
    assert len(program.messages) == 2  # of both machines


def test_if_the_first_machine_is_gone_the_second_one_ends(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone:
        def check(self, keys: list[str]) -> bool:
            raise RuntimeError("connection closed")

        def set(self, key: str, value: str) -> None:
            raise RuntimeError("connection closed")

    agent = program.agent("time.sleep(600)", 1)
    monkeypatch.setattr(agent, "_nodes", 2)
    monkeypatch.setattr(agent, "_shared", Gone())
    assert "the first machine no longer answers" in failure_of(agent).message
