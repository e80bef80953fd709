"""The processes of a run: how many there are, which one this is, and who started them.

Nothing here needs torch, so that a command can find out at once.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from ganzoo.errors import RequestError

AGENT = "ganzoo"
"""The name of the launcher, and of torch's run id, if ganzoo has started the processes itself."""

AGENT_PROCESS = "GANZOO_AGENT_PROCESS"
"""The variable with the number of the process that has started this one, if that is ganzoo."""

_VARIABLES = {
    "torchrun": ("WORLD_SIZE", "RANK"),
    "srun": ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
    "mpirun": ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    "mpiexec": ("PMI_SIZE", "PMI_RANK"),
}
"""The variables with the number and the rank of processes, by the launcher that sets them."""
_NODE_RANKS = ("NODE_RANK", "SLURM_NODEID")
"""The variables with the number of this machine."""
_TASKS = re.compile(r"(\d+)(?:\(x(\d+)\))?")
"""A part of SLURM's list of tasks for each machine: ``4`` or, for three machines, ``4(x3)``."""


@dataclass(frozen=True)
class Launcher:
    """A program, such as torchrun, that has started this process and others like it."""

    name: str
    rank: int
    processes: int

    def __str__(self) -> str:
        """What it did, such as ``torchrun started 2 processes``."""
        return f"{self.name} started {self.processes} process{'es' if self.processes > 1 else ''}"

    @property
    def local_rank(self) -> int:
        """The number of this process on its machine, from 0."""
        found = _number("SLURM_LOCALID" if self.name == "srun" else "LOCAL_RANK")
        return self.rank if found is None else found

    @property
    def local_processes(self) -> int:
        """The number of processes on this machine.

        Raises RequestError if it is unknown, or if another machine has another number.
        """
        counts = list(_slurm_tasks()) if self.name == "srun" else [_number("LOCAL_WORLD_SIZE")]
        here = counts[0] if counts else None
        if not here:
            size = "SLURM_STEP_TASKS_PER_NODE" if self.name == "srun" else "LOCAL_WORLD_SIZE"
            raise RequestError(f"{self}, but {size} is unset: it has the number on each machine")
        machines = _number("GROUP_WORLD_SIZE") or self.processes // here
        if len({*counts}) > 1 or here * machines != self.processes:
            each = ", ".join(map(str, counts)) if len(counts) > 1 else f"{here} on this one"
            raise RequestError(
                f"{self}, but not as many on each of {max(machines, len(counts))} machines "
                f"({each}): start the same number on each"
            )
        return here

    @property
    def machines(self) -> int:
        """The number of machines."""
        return self.processes // self.local_processes

    def check(self) -> None:
        """Raise RequestError if its processes cannot connect to each other."""
        size, _ = _VARIABLES.get(self.name, ("", ""))
        if self.name in ("mpirun", "mpiexec"):
            raise RequestError(
                f"{self} ({size}), which cannot train one run: start one process with --devices N, "
                f"or use torchrun or srun; to train a separate run in each, unset {size}"
            )
        if self.processes > 1 and self.machines and self.name == "torchrun":
            if _number("MASTER_PORT") is None:
                raise RequestError(f"{self}, but MASTER_PORT is unset: set it to a free port")
            if self.machines > 1 and not os.environ.get("MASTER_ADDR"):
                raise RequestError(
                    f"{self} on {self.machines} machines, but MASTER_ADDR is unset: set it to the "
                    "address of the first machine"
                )


def launcher() -> Launcher | None:
    """The launcher of this process, also one whose processes cannot train; ``None`` without one.

    Every program that sets ``WORLD_SIZE`` and ``RANK`` as torchrun does counts as torchrun.
    """
    for name, (size, rank) in _VARIABLES.items():
        processes, number = _number(size), _number(rank)
        run_id = os.environ.get("TORCHELASTIC_RUN_ID")
        is_alone = processes == 1 and not (name == "torchrun" and run_id)
        if processes and number is not None and not is_alone:
            own = name == "torchrun" and run_id == AGENT
            return Launcher(AGENT if own else name, number, processes)
    return None


def process_count(devices: int | None, nodes: int | None = None) -> int:
    """The number of processes of a run with these settings of ``train``.

    ``None`` stands for all processes of the launcher, or for one process without a launcher.

    Raises RequestError if the processes of the launcher cannot train one run, or are not as many.
    """
    found = launcher()
    if found is None or found.name == AGENT:
        return (devices or 1) * (nodes or 1)
    found.check()
    if devices not in (None, found.local_processes):
        here = f" ({found.local_processes} on each machine)" if found.machines > 1 else ""
        raise RequestError(
            f"train.devices={devices}, but {found}{here}: leave out --devices, or write "
            "train.devices=null"
        )
    if nodes not in (None, found.machines):
        raise RequestError(
            f"train.nodes={nodes}, but {found} on {found.machines} "
            f"machine{'s' if found.machines > 1 else ''}: leave out --nodes, or write "
            "train.nodes=null"
        )
    return found.processes


def local_process_count(devices: int | None, nodes: int | None = None) -> int:
    """As ``process_count``, of the processes on this machine."""
    found = launcher()
    if found is None or found.name == AGENT:
        return devices or 1
    return process_count(devices, nodes) // found.machines


def starts_processes(devices: int | None, nodes: int | None, restarts: int) -> bool:
    """Whether a command with these settings of ``train`` starts the processes of this machine.

    ``srun`` may start one command on each machine, which starts a process for each device there.
    """
    found = launcher()
    if found is None:
        return process_count(devices, nodes) > 1 or restarts > 0
    one_on_each = found.name == "srun" and found.processes == nodes and found.local_processes == 1
    return one_on_each and (devices or 1) > 1


def process_rank() -> int:
    """The rank of this process, also before the processes are connected."""
    found = launcher()
    return found.rank if found else 0


def is_main_process(devices: int | None, nodes: int | None = None) -> bool:
    """Whether this process writes the files and messages of a run with these settings.

    Raises RequestError as ``process_count``, unless this process only starts those that train.
    """
    if starts_processes(devices, nodes, restarts=0):
        return process_rank() == 0
    return process_count(devices, nodes) == 1 or process_rank() == 0


def node_rank(nodes: int) -> int:
    """The number of this machine among the machines of a run, from 0.

    Raises RequestError if the environment does not say it.
    """
    if nodes == 1:
        return 0
    for variable in _NODE_RANKS:
        number = _number(variable)
        if number is not None:
            if number >= nodes:
                raise RequestError(f"{variable}={number}, but train.nodes={nodes}: count from 0")
            return number
    raise RequestError(
        f"train.nodes={nodes}, but the number of this machine is unknown: set NODE_RANK, from 0 on "
        f"the first machine to {nodes - 1}"
    )


def restarts() -> int:
    """How often the launcher has restarted this process after a failure."""
    return _number("TORCHELASTIC_RESTART_COUNT") or 0


def max_restarts() -> int:
    """How often the launcher restarts this process after failures."""
    return _number("TORCHELASTIC_MAX_RESTARTS") or 0


def has_agent_store() -> bool:
    """Whether the launcher has opened the store in which the processes meet."""
    return os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"


def exit_with_launcher(grace: float) -> None:
    """End this process some seconds after the one that started it, even if that is killed.

    It may be killed already, if this process has started slowly.
    """
    if sys.platform == "win32":  # a process keeps its parent there
        return
    parent = _number(AGENT_PROCESS) or os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        time.sleep(grace)
        os._exit(1)

    threading.Thread(target=watch, name="ganzoo-launcher-watch", daemon=True).start()


def require_single_process(what: str) -> None:
    """Raise RequestError if a launcher started several processes, which would all do the same."""
    found = launcher()
    if found and found.processes > 1 and found.name != AGENT:
        raise RequestError(f"{found}, but {what} needs only one: run it without {found.name}")


def _slurm_tasks() -> Iterator[int]:
    """The number of tasks on each machine."""
    text = os.environ.get("SLURM_STEP_TASKS_PER_NODE") or os.environ.get("SLURM_TASKS_PER_NODE", "")
    for part in _TASKS.finditer(text):
        yield from [int(part[1])] * int(part[2] or 1)


def _number(variable: str) -> int | None:
    """The value of an environment variable; ``None`` if it is not a whole number."""
    text = os.environ.get(variable, "")
    return int(text) if text.isdecimal() else None
