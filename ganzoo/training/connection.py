"""The connection of a process to the others of its run, by a store beside torch's collectives."""

from __future__ import annotations

import atexit
import pickle
import threading
import time
from datetime import timedelta
from typing import Any

import torch
from torch.distributed.distributed_c10d import (
    PrefixStore,
    Store,
    destroy_process_group,
    init_process_group,
    is_initialized,
)

from ganzoo.errors import RequestError
from ganzoo.launcher import AGENT, exit_with_launcher, has_agent_store, launcher, restarts
from ganzoo.sections import TrainOptions
from ganzoo.setting_types import seconds
from ganzoo.training.agent import GRACE_PERIOD
from ganzoo.training.child_processes import ChildProcesses
from ganzoo.training.rendezvous import Address, connect, wait_for_all

_BEAT = 1.0
"""Seconds between two heartbeats of the main process."""
_POLL = 0.2
"""Longest time between two looks into the store, in seconds."""


class Hanging(RuntimeError):
    """Another process has shown no sign of life within the timeout."""


class Connection:
    """Messages from the main process to the others, which wait for them as long as it is alive.

    Between them, the main process may work for hours: it prepares images, and it evaluates. A
    collective of torch would have to wait as long, and would not notice a process that hangs.
    """

    def __init__(self, store: Store, rank: int, processes: int, timeout: float) -> None:
        self.rank = rank
        self.processes = processes
        self._timeout = timeout
        self._sent = 0
        self._meetings = 0
        self._closed = threading.Event()
        self._store = PrefixStore(f"ganzoo/{restarts()}", store)
        self._children: ChildProcesses | None = None
        wait_for_all(self._store, "processes", processes)
        self._thread = threading.Thread(
            target=self._beat, args=[self._store.clone()], name="ganzoo-heartbeat", daemon=True
        )
        if rank == 0:
            self._thread.start()

    @classmethod
    def open(cls, settings: TrainOptions, count: int, device: torch.device) -> Connection:
        """The connection of this process, which is opened once; starts the others if nothing has.

        Raises RequestError if it is open with another number of processes, or if a Python program
        needs several machines; and ConnectionError if the processes cannot connect.
        """
        if _opened:
            if _opened[0].processes != count:
                raise RequestError(
                    f"train.devices={count}, but this program has {_opened[0].processes} processes"
                )
            return _opened[0]
        found, timeout, children = launcher(), seconds(settings.timeout), None
        if found is None:
            if (settings.nodes or 1) > 1:
                raise RequestError(
                    f"train.nodes={settings.nodes}: start the program with torchrun or srun on "
                    "each machine"
                )
            address = Address.on_this_machine()
            children = ChildProcesses(count, address)
        elif found.name == AGENT:
            exit_with_launcher(GRACE_PERIOD)
        try:
            if found:
                address = Address.of_launcher(found)
            rank = found.rank if found else 0
            is_host = found is not None and rank == 0 and not has_agent_store()
            connection = cls(connect(address, is_host=is_host), rank, count, timeout)
        except BaseException:
            if children:
                children.kill()
            raise
        if children:
            children.connected = True
        connection._children = children
        connection._start_collectives(device)
        _opened.append(connection)
        atexit.register(connection.close)
        return connection

    def _start_collectives(self, device: torch.device) -> None:
        init_process_group(
            "nccl" if device.type == "cuda" else "gloo",
            store=PrefixStore("torch", self._store),
            rank=self.rank,
            world_size=self.processes,
            timeout=timedelta(seconds=self._timeout),
            device_id=device if device.type == "cuda" else None,
        )

    def broadcast(self, value: Any) -> Any:
        """The main process's value, in every process.

        Raises Hanging if the main process stops beating, and RuntimeError if the store is gone.
        """
        key, self._sent = f"message/{self._sent}", self._sent + 1
        if self.rank == 0:
            self._store.set(key, pickle.dumps(value).hex())
            return value
        self._wait_for(key)
        content = bytes.fromhex(self._store.get(key).decode())
        return pickle.loads(content)  # noqa: S301 - from the main process

    def tell_ready(self) -> None:
        """Let ``wait_for_others`` of the main process go on, without waiting for it."""
        self._store.add(self._next_meeting(), 1)

    def wait_for_others(self) -> None:
        """Wait, in the main process, until all others have called ``tell_ready`` as often.

        Raises Hanging if they do not within the timeout.
        """
        key, deadline = self._next_meeting(), time.monotonic() + self._timeout
        while self._store.add(key, 0) < self.processes - 1:
            if time.monotonic() > deadline:
                raise Hanging("another process hangs")
            time.sleep(_POLL / 10)

    def end_children(self) -> str:
        """Kill the processes that this program has started; returns why one of them had failed."""
        if not self._children:
            return ""
        failure = self._children.failure()
        self._children.kill()
        return failure.message if failure and not failure.lost else ""

    def close(self) -> None:
        """Leave the group of processes; threads of torch may abort a process that only exits."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()
        if is_initialized():
            destroy_process_group()

    def _next_meeting(self) -> str:
        self._meetings += 1
        return f"ready/{self._meetings}"

    def _wait_for(self, key: str) -> None:
        """Wait for a message as long as the main process beats."""
        pause, beats, last = 0.001, -1, time.monotonic()
        while not self._store.check([key]):
            time.sleep(pause)
            pause = min(2 * pause, _POLL)
            now = self._store.add("beats", 0)
            if now != beats:
                beats, last = now, time.monotonic()
            elif time.monotonic() - last > self._timeout:
                raise Hanging("rank 0 hangs")

    def _beat(self, store: Store) -> None:
        while not self._closed.wait(_BEAT):
            try:
                store.add("beats", 1)
            except RuntimeError:  # the store is gone, and with it the process that has it
                return


_opened: list[Connection] = []
"""The connection of this process, if it is open."""
