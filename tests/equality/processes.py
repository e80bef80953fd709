"""Trains small runs in float64 in 1, 2 and 3 processes, which start once for all of them."""

from __future__ import annotations

import json
import os
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import torch
from torch import Tensor

from ganzoo import RequestError
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training import state
from ganzoo.training.assembly import assemble
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from ganzoo.training.trainer import Trainer
from tests.equality.cases import STEPS, cases
from tests.trials.double_precision import use_double_precision


class Split(NamedTuple):
    """How batches are split."""

    processes: int
    accumulate: int = 1

    def __str__(self) -> str:
        """Such as ``2x3``."""
        return f"{self.processes}x{self.accumulate}"


SPLITS = (Split(1), Split(2), Split(3), Split(1, 3), Split(2, 2))


def run_of(settings: Mapping[str, Any], split: Split) -> Run:
    """The run with these settings."""
    chosen = {**settings, "train.accumulate": split.accumulate}
    texts = [f"{k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in chosen.items()]
    resolved = Settings()
    resolved.override(texts)
    return Run.resolve(resolved)


def train(settings: Mapping[str, Any], split: Split, steps: int = STEPS) -> dict[str, Any] | str:
    """Everything stateful after some steps, the same in all processes; or why it is refused."""
    run = run_of(settings, split)
    try:
        engine = Engine(run.train)
        assembly = assemble(run, engine)
    except RequestError as error:
        return str(error)
    ema = Ema(assembly.setup.generator, run.train.ema, run.seed, assembly.frequencies)
    trainer = Trainer(run, assembly.setup, assembly.growth, ema, assembly.shuffle)
    trainer.set_total_steps(steps)
    for _ in range(steps):
        trainer.step()
    engine.require_same(state.digests(trainer.table()))
    return dict(state._flat(state.take(trainer.table())))


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """The largest difference of two states; infinite if they have other keys or texts."""
    if one.keys() != other.keys():
        return float("inf")
    largest = 0.0
    for key, value in one.items():
        if isinstance(value, Tensor | float | int):
            a, b = (torch.as_tensor(each, dtype=torch.float64) for each in (value, other[key]))
            if a.numel():
                largest = max(largest, float((a - b).abs().max()))
        elif value != other[key]:
            return float("inf")
    return largest


def _work(folder: Path, names: Sequence[str], splits: Sequence[Split]) -> None:
    """Train all runs in this process; the main process writes the states."""
    with patch("ganzoo.training.assembly.try_phases"):
        found = cases()
        states = {
            f"{name} {split}": train(found[name], split) for name in names for split in splits
        }
    if os.environ.get("RANK", "0") == "0":
        torch.save(states, folder / f"{splits[0].processes}.pt")


def _start(
    folder: Path, names: Sequence[str], splits: Sequence[Split], rank: int, port: int
) -> int:
    """Start one process; returns its number."""
    if child := os.fork():
        return child
    count = splits[0].processes
    variables = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    os.environ |= {k: str(v) for k, v in variables.items()} | {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "GANZOO_CACHE": str(folder / f"cache-{count}"),
    }
    try:
        _work(folder, names, splits)
    except BaseException:  # noqa: BLE001 - os._exit prints nothing
        traceback.print_exc()
        os._exit(1)
    sys.stderr.flush()
    os._exit(0)


def main(folder: Path, names: Sequence[str]) -> None:
    """Train each run in every split."""
    use_double_precision()
    torch.set_num_threads(1)
    for count in sorted({split.processes for split in SPLITS}):
        with socket.create_server(("", 0)) as free:
            port = free.getsockname()[1]
        splits = [split for split in SPLITS if split.processes == count]
        started = [_start(folder, names, splits, rank, port) for rank in range(count)]
        failed = [os.waitpid(child, 0)[1] for child in started]
        if any(failed):
            sys.exit(f"{count} processes failed")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(cases()))
