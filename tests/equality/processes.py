"""Trains small runs in float64 in 1, 2 and 3 processes, which start once for all of them."""

from __future__ import annotations

import json
import os
import socket
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import torch
from torch import Tensor

from ganzoo import RequestError
from ganzoo.registry import Registry
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training import state
from ganzoo.training.assembly import Assembly, assemble
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from ganzoo.training.trainer import Trainer
from tests.equality.cases import STEPS, cases
from tests.trials.double_precision import use_double_precision

State = dict[str, Any]
"""Everything stateful, by its dotted key."""


class Split(NamedTuple):
    """How batches are split."""

    processes: int
    accumulate: int = 1

    def __str__(self) -> str:
        """Such as ``2x3``."""
        return f"{self.processes}x{self.accumulate}"


SPLITS = (Split(1), Split(2), Split(3), Split(1, 3), Split(2, 2))


def assembly_of(settings: Mapping[str, Any], split: Split) -> Assembly:
    """The parts of a run with these settings."""
    chosen = {**settings, "train.accumulate": split.accumulate}
    texts = [f"{k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in chosen.items()]
    resolved = Settings()
    resolved.override(texts)
    run = Run.resolve(resolved)
    return assemble(run, Engine(run.train))


def trainer_of(settings: Mapping[str, Any], split: Split) -> Trainer:
    """The trainer of a run with these settings."""
    assembly = assembly_of(settings, split)
    run = assembly.run
    ema = Ema(assembly.setup.generator, run.train.ema, run.seed, assembly.frequencies)
    trainer = Trainer(run, assembly.setup, assembly.growth, ema, assembly.shuffle)
    trainer.set_total_steps(100)
    return trainer


def steps(trainer: Trainer, count: int) -> State:
    """Everything stateful after some steps; raises ProcessesDiffer if it is not in all the same."""
    for _ in range(count):
        trainer.step()
    trainer.setup.engine.require_same(state.digests(trainer.table()))
    return flat(state.take(trainer.table()))


def train(settings: Mapping[str, Any], split: Split, count: int = STEPS) -> State | str:
    """Everything stateful after some steps, or why the run is refused."""
    try:
        return steps(trainer_of(settings, split), count)
    except RequestError as error:
        return str(error)


def flat(table: Mapping[str, Any]) -> State:
    """The values by dotted key."""
    return dict(state._flat(table))


def difference(one: State, other: State) -> float:
    """The largest difference of two states, relative to the largest value of a tensor above 1.

    It is infinite if they have other keys or texts.
    """
    if one.keys() != other.keys():
        return float("inf")
    largest = 0.0
    for key, value in one.items():
        if isinstance(value, Tensor | float | int):
            a, b = (torch.as_tensor(each, dtype=torch.float64) for each in (value, other[key]))
            if a.numel():
                largest = max(largest, float((a - b).abs().max() / a.abs().max().clamp(min=1)))
        elif value != other[key]:
            return float("inf")
    return largest


Work = Callable[[Path, int], Mapping[str, Any]]
"""What each process does, with the folder of all and the number of processes."""


def _start(folder: Path, work: Work, count: int, rank: int, port: int) -> int:
    """Start one process; returns its number."""
    if child := os.fork():
        return child
    variables = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    os.environ |= {key: str(value) for key, value in variables.items()} | {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "GANZOO_CACHE": str(folder / f"cache-{count}"),
    }
    try:
        found = work(folder, count)
        if rank == 0:
            torch.save(found, folder / f"{count}.pt")
    except BaseException:  # noqa: BLE001 - os._exit prints nothing
        traceback.print_exc()
        os._exit(1)
    sys.stderr.flush()
    os._exit(0)


def run_in_processes(folder: Path, counts: Sequence[int], work: Work) -> None:
    """Do the work in so many processes, one number after the other; results are in COUNT.pt."""
    use_double_precision()
    torch.set_num_threads(1)
    discover = lru_cache(Registry.discover)
    with (
        patch("ganzoo.training.assembly.try_phases"),
        patch.object(Registry, "discover", lambda *args, **more: discover()),
    ):
        discover()
        for count in counts:
            with socket.create_server(("", 0)) as free:
                port = free.getsockname()[1]
            started = [_start(folder, work, count, rank, port) for rank in range(count)]
            statuses = [os.waitpid(child, 0)[1] for child in started]
            if any(statuses):
                sys.exit(f"{count} processes failed")


def train_cases(names: Sequence[str], splits_of: Callable[[str], Sequence[Split]]) -> Work:
    """Work that trains the runs of these cases, in their splits with as many processes."""

    def work(folder: Path, count: int) -> Mapping[str, Any]:
        found = cases()
        return {
            f"{name} {split}": train(found[name], split)
            for name in names
            for split in splits_of(name)
            if split.processes == count
        }

    return work


def load(folder: Path) -> State:
    """All results."""
    found: State = {}
    for file in folder.glob("*.pt"):
        found |= torch.load(file, weights_only=True)
    return found
