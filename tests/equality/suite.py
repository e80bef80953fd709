"""What the tests of equal processes compute: FOLDER"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

import torch
from torch import Tensor

from ganzoo.errors import PluginError
from ganzoo.evaluation.record import EvaluationResult
from ganzoo.observers.observer import Observer
from ganzoo.observers.observer_list import ObserverList
from ganzoo.training import state
from ganzoo.training.ema import Ema
from ganzoo.training.engine import Engine
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.periodic_evaluation import PeriodicEvaluation
from ganzoo.training.shared_blocks import SharedBlocks
from ganzoo.training.trainer import Trainer
from tests.equality.cases import EVALUATED, LONG, SLOW, cases
from tests.equality.processes import (
    SPLITS,
    Split,
    assembly_of,
    flat,
    run_in_processes,
    steps,
    train_cases,
    trainer_of,
)

NAMES = [name for name in cases() if name != SLOW]
STATEFUL = (
    *("augmentation/ada", "augmentation/apa", "loss/dual-contrastive", "regularizer/lecam"),
    "regularizer/path-length",
)
"""Cases with a state of their own, or with terms of the whole batch."""
IMAGES: int = EVALUATED["evaluate.samples"]


def splits_of(name: str) -> Sequence[Split]:
    """How the batches of a case are split, to save time; the benchmark trains all."""
    if name in STATEFUL:
        return SPLITS
    if name.startswith("augmentation/"):
        return SPLITS[:2]
    if name.startswith("architecture/"):
        return [split for split in SPLITS if split in (Split(1), Split(2), Split(1, 3))]
    return SPLITS[:4]


def work(folder: Path, count: int) -> Mapping[str, Any]:
    """Everything that this number of processes computes."""
    found = {
        **train_cases(NAMES, splits_of)(folder, count),
        **_resumed(folder, count),
        **_blocks(count),
    }
    if count == 3:  # raises if something is not the same in all processes
        found["long"] = steps(trainer_of(LONG, Split(count)), 100)
    return {**found, **_evaluated(count)}


def _resumed(folder: Path, count: int) -> Mapping[str, Any]:
    """Two processes train and save; then each number of processes resumes from that."""
    settings, file = {**LONG, "train.sync_batch_norm": True}, folder / "saved"
    straight = trainer_of(settings, Split(count))
    if count == 2:
        steps(straight, 3)
        if straight.setup.engine.is_main:
            torch.save(state.take(straight.table()), file)
        straight.setup.engine.barrier()
    resumed = trainer_of(settings, Split(count))
    resumed.restore(torch.load(file, weights_only=True))
    return {
        f"straight {count}": steps(straight, 6 - straight.progress.step),
        f"resumed {count}": steps(resumed, 3),
        f"position {count}": flat({"progress": resumed.progress.state_dict()}),
    }


def _blocks(count: int) -> Mapping[str, Any]:
    """Rows that all processes compute, and errors of a job in the last process."""
    engine = Engine(trainer_of(cases()["loss/hinge"], Split(count)).run.train)
    seen: list[int] = []

    def numbers(rows: Tensor) -> Tensor:
        seen.extend(rows.tolist())
        return rows

    def fail(rows: Tensor) -> Tensor:
        if engine.rank == count - 1:
            raise PluginError("it broke")
        return rows

    blocks = SharedBlocks({"numbers": numbers, "fail": fail}, engine)
    errors: list[str] = []
    rows = torch.empty(0)
    if engine.is_main:
        rows = blocks.compute("numbers", IMAGES, _silent)
        try:
            blocks.compute("fail", IMAGES, _silent)
        except PluginError as error:
            errors.append(str(error))
        blocks.end()
    else:
        blocks.help(_silent)
    amounts = engine.gather(torch.tensor([len(seen)]))
    return {f"rows {count}": rows, f"errors {count}": errors, f"amounts {count}": amounts}


class _Results(Observer):
    """Keeps the results of evaluations, and warnings."""

    def __init__(self) -> None:
        self.found: list[Any] = []

    def on_evaluation_end(self, evaluated: EvaluationResult) -> None:
        self.found += [
            [name, score.value, score.baseline] for name, score in evaluated.scores.items()
        ]

    def on_warning(self, step: int, message: str) -> None:
        self.found.append(message)


def _evaluated(count: int) -> Mapping[str, Any]:
    """The metrics of an untrained generator, in float32."""
    patch.stopall()
    torch.set_default_dtype(torch.float32)
    assembly = assembly_of(EVALUATED, Split(count))
    run, setup, data = assembly.run, assembly.setup, assembly.batches.data
    ema = Ema(setup.generator, run.train.ema, run.seed)
    trainer = Trainer(run, setup, assembly.growth, ema)
    results, evaluation = _Results(), Evaluation(run, data, setup.engine.device)
    checkpoints = MagicMock(best_value=lambda *found: None)
    PeriodicEvaluation(
        trainer, evaluation, checkpoints, ObserverList([results]), len(data)
    ).evaluate(lambda: False)
    return {f"metrics {count}": results.found}


def _silent(what: str, done: int, total: int) -> None: ...


if __name__ == "__main__":
    run_in_processes(Path(sys.argv[1]), (2, 1, 3), work)
