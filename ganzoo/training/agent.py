"""Starts the processes of a run on this machine, by torch's elastic agent, and ends them."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from subprocess import Popen
from types import FrameType

from torch.distributed.distributed_c10d import Store
from torch.distributed.elastic.agent.server.api import (
    RunResult,
    WorkerGroup,
    WorkerSpec,
    WorkerState,
)
from torch.distributed.elastic.agent.server.local_elastic_agent import LocalElasticAgent
from torch.distributed.elastic.multiprocessing.api import SubprocessContext
from torch.distributed.elastic.rendezvous.static_tcp_rendezvous import StaticTCPRendezvous

from ganzoo.errors import STOPPED, Stopped
from ganzoo.launcher import AGENT, node_rank
from ganzoo.sections import TrainOptions
from ganzoo.training.failure import Failure, lost_message
from ganzoo.training.process_output import Outputs
from ganzoo.training.rendezvous import Address, connect, wait_for_all
from ganzoo.training.stopping import signals_handled_by

GRACE_PERIOD = 3
"""Seconds in which a process may end itself after another one has failed."""
_INTERVAL = 0.1
"""Seconds between two looks at the processes."""


class Machines(StaticTCPRendezvous):
    """The agents of all machines, which are connected to one store already."""

    def __init__(self, store: Store, address: Address, node: int, nodes: int) -> None:
        super().__init__(*address, node, nodes, AGENT, timeout=60)
        self._store = store


class Agent(LocalElasticAgent):
    """The processes of this machine: all run, or all are restarted, or all end.

    If a Python program is rank 0 itself, the processes of the agent begin with ``first_rank`` 1.
    """

    failure: Failure | None = None
    """Why a process failed, if one did."""

    def __init__(
        self,
        store: Store,
        address: Address,
        processes: int,
        folder: Path,
        *,
        node: int = 0,
        nodes: int = 1,
        restarts: int = 0,
        first_rank: int = 0,
        on_restart: Callable[[str], None] = print,
    ) -> None:
        logging.getLogger("torch.distributed.elastic").propagate = False  # users get one line
        logging.getLogger("torch.distributed.elastic").addHandler(logging.NullHandler())
        self._shared = store
        self._outputs = Outputs(folder, first_rank)
        self._first_rank = first_rank
        self._nodes = nodes
        self._on_restart = on_restart
        self._signal = 0
        spec = WorkerSpec(
            role=AGENT,
            local_world_size=processes,
            rdzv_handler=Machines(store, address, node, nodes),
            entrypoint=sys.executable,
            args=tuple(sys.orig_argv[1:]),
            max_restarts=restarts,
            monitor_interval=_INTERVAL,
            master_addr=address.host,
            master_port=address.port,
        )
        super().__init__(spec, self._outputs, shutdown_timeout=GRACE_PERIOD)

    def forward(self, number: int, frame: FrameType | None = None) -> None:
        """Send a signal to each process; a second Ctrl-C ends this one, and so all of them."""
        if number == signal.SIGINT == self._signal:
            raise KeyboardInterrupt
        if not self._processes:
            raise Stopped("stopped before the first step: run the same command again")
        self._signal = number
        for process in self._processes.values():
            process.send_signal(number)

    def kill(self) -> None:
        """Kill all processes."""
        if self._pcontext:
            self._pcontext.close(signal.SIGKILL, GRACE_PERIOD)

    @property
    def _processes(self) -> Mapping[int, Popen[bytes]]:
        """The processes by their number on this machine."""
        if not isinstance(self._pcontext, SubprocessContext):
            return {}
        return {local: each.proc for local, each in self._pcontext.subprocess_handlers.items()}

    @property
    def _restarted(self) -> int:
        """How often the processes have been restarted."""
        restarted: int = self._worker_group.spec.max_restarts - self._remaining_restarts
        return restarted

    def _monitor_workers(self, worker_group: WorkerGroup) -> RunResult:
        """What to do after a look at the processes: go on, restart all, or end all."""
        codes = self._exit_codes()
        if not any(codes.values()) and not self._failure_elsewhere():
            if None in codes.values():
                return RunResult(WorkerState.HEALTHY)
            ranks = [worker.global_rank for worker in worker_group.workers]
            return RunResult(WorkerState.SUCCEEDED, dict.fromkeys(ranks))
        self.failure = self._cause(self._end_all())
        key = self._failure_key
        if self.failure.status != 1 or self._signal:  # a user's mistake, or a request to stop
            self._remaining_restarts = 0
        self._tell_other_machines(key, self.failure)
        if self._remaining_restarts:
            count = f"{self._restarted + 1} of {self._worker_group.spec.max_restarts}"
            self._on_restart(f"{self.failure.message}; all processes start again ({count})")
        return RunResult(WorkerState.FAILED)

    def _exit_codes(self) -> Mapping[int, int | None]:
        """The exit code of each process, by its number on this machine; None while it runs."""
        return {local: process.poll() for local, process in self._processes.items()}

    def _end_all(self) -> Mapping[int, int | None]:
        """End all processes; returns the exit codes of those that have ended themselves.

        One that waits for another one ends itself. The others get SIGTERM and are killed at last.
        """
        assert self._pcontext
        deadline = time.monotonic() + GRACE_PERIOD
        while None in (codes := self._exit_codes()).values() and time.monotonic() < deadline:
            time.sleep(_INTERVAL)
        self._pcontext.close(timeout=GRACE_PERIOD)
        return codes

    def _cause(self, codes: Mapping[int, int | None]) -> Failure:
        """Why the first process failed, by the exit codes of those that have ended themselves.

        If they only lost another one, the agent of its machine will say why in a moment. One that
        has waited until the timeout closes its connections before it says so; those that lose it by
        this may say so earlier.
        """
        found = [self._failure_of(local, code) for local, code in codes.items() if code]
        own = min(found, key=lambda each: (each.lost, not each.waited, each.time), default=None)
        deadline = time.monotonic() + (GRACE_PERIOD if self._nodes > 1 else 0)
        while own is None or own.lost:
            if elsewhere := self._failure_elsewhere():
                return elsewhere
            if own and time.monotonic() >= deadline:
                break
            time.sleep(_INTERVAL)
        return own

    def _failure_of(self, local: int, code: int) -> Failure:
        rank = self._worker_group.workers[local].global_rank + self._first_rank
        failure = Failure.recorded(self._outputs.failure(local))
        if failure and rank and failure.status == 1 and not failure.lost:
            return replace(failure, message=f"rank {rank}: {failure.message}")
        if failure:
            return failure
        if code == STOPPED:  # the main process has said so
            return Failure("", STOPPED)
        if code == -self._signal:
            return Failure("stopped before the first step: run the same command again", STOPPED)
        file = self._outputs.stderr(local)
        printed = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        return Failure.of_exit(rank, code, printed)

    def _tell_other_machines(self, key: str, failure: Failure) -> None:
        """Make the agents of other machines restart or end their processes, too."""
        if self._nodes == 1:
            return
        with suppress(RuntimeError):  # the first machine has ended already
            self._shared.set(key, json.dumps(failure.to_plain()))
            if not self._remaining_restarts:  # the store ends with the agent of the first machine
                time.sleep(2 * GRACE_PERIOD)

    def _failure_elsewhere(self) -> Failure | None:
        """Why another machine restarts or ends its processes, if one does."""
        if self._nodes == 1:
            return None
        try:
            if self._shared.check([self._failure_key]):
                return Failure.of_plain(self._shared.get(self._failure_key))
        except RuntimeError:
            return Failure(lost_message("the first machine no longer answers"))
        return None

    @property
    def _failure_key(self) -> str:
        return f"failure of start {self._restarted}"


def run_command(train: TrainOptions, on_restart: Callable[[str], None]) -> Failure | None:
    """Run this command in the processes of a run on this machine; ``None`` if they succeed."""
    nodes = train.nodes or 1
    node = node_rank(nodes)
    address = Address.of_first_machine() if nodes > 1 else Address.on_this_machine()
    store = connect(address, is_host=node == 0)
    wait_for_all(store, "machines", nodes)
    with tempfile.TemporaryDirectory(prefix="ganzoo-") as folder:
        agent = Agent(
            store,
            address,
            train.devices or 1,
            Path(folder),
            node=node,
            nodes=nodes,
            restarts=train.restarts,
            on_restart=on_restart,
        )
        # Those for which torch's agent sets a handler of its own.
        os.environ["TORCHELASTIC_SIGNALS_TO_HANDLE"] = "SIGQUIT"
        with signals_handled_by(agent.forward):
            result = agent.run()
    return agent.failure if result.is_failed() else None
