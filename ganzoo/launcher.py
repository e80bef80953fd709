"""The processes of a run: how many there are, which one this is, and who started them.

Nothing here needs torch, so that a command can find out at once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from ganzoo.errors import RequestError

CHILD_RANK = "GANZOO_PROCESS"
"""The variable with the rank of a child process that ganzoo has started itself."""

_VARIABLES = {
    "torchrun": ("WORLD_SIZE", "RANK"),
    "srun": ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
    "mpirun": ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    "mpiexec": ("PMI_SIZE", "PMI_RANK"),
}
"""The variables with the number and the rank of processes, by the launcher that sets them."""


@dataclass(frozen=True)
class Launcher:
    """A program, such as torchrun, that has started this process and others like it."""

    name: str
    rank: int
    processes: int

    def __str__(self) -> str:
        """What it did, such as ``torchrun started 2 processes``."""
        return f"{self.name} started {self.processes} process{'es' if self.processes > 1 else ''}"

    def check(self) -> None:
        """Raise RequestError if its processes cannot connect to each other on one machine."""
        size, _ = _VARIABLES[self.name]
        if self.name != "torchrun":
            raise RequestError(
                f"{self} ({size}), which cannot train one run: start one process with --devices N, "
                f"or use torchrun; to train a separate run in each, unset {size}"
            )
        if self.processes > 1 and _number("LOCAL_WORLD_SIZE") != self.processes:
            here = os.environ.get("LOCAL_WORLD_SIZE", "unset")
            raise RequestError(
                f"{self} on more than one machine (LOCAL_WORLD_SIZE is {here}): ganzoo trains on "
                "one machine, so start all processes there"
            )
        if self.processes > 1 and _number("MASTER_PORT") is None:
            raise RequestError(f"{self}, but MASTER_PORT is unset: set it to a free port")


def launcher() -> Launcher | None:
    """The launcher of this process, also one whose processes cannot train; ``None`` without one.

    Every program that sets ``WORLD_SIZE`` and ``RANK`` as torchrun does counts as torchrun.
    """
    if CHILD_RANK in os.environ:
        return None
    for name, (size, rank) in _VARIABLES.items():
        processes, number = _number(size), _number(rank)
        is_alone = processes == 1 and "TORCHELASTIC_RUN_ID" not in os.environ
        if processes and number is not None and not is_alone:
            return Launcher(name, number, processes)
    return None


def process_count(devices: int | None) -> int:
    """The number of processes of a run with this setting ``train.devices``.

    ``None`` stands for all processes of the launcher, or for one process without a launcher.

    Raises RequestError if the processes of the launcher cannot train one run, or are not as many.
    """
    found = launcher()
    if found is None:
        return devices or 1
    found.check()
    if devices not in (None, found.processes):
        raise RequestError(
            f"train.devices={devices}, but {found}: leave out --devices, or write "
            "train.devices=null"
        )
    return found.processes


def process_rank() -> int:
    """The rank of this process, also before the processes are connected."""
    found = launcher()
    return found.rank if found else _number(CHILD_RANK) or 0


def is_main_process(devices: int | None) -> bool:
    """Whether this process writes the files and messages of a run with ``train.devices``."""
    return process_count(devices) == 1 or process_rank() == 0


def require_single_process(what: str) -> None:
    """Raise RequestError if a launcher started several processes, which would all do the same."""
    found = launcher()
    if found and found.processes > 1:
        raise RequestError(f"{found}, but {what} needs only one: run it without {found.name}")


def _number(variable: str) -> int | None:
    """The value of an environment variable; ``None`` if it is not a whole number."""
    text = os.environ.get(variable, "")
    return int(text) if text.isdecimal() else None
