"""Measures the speed of a run."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from ganzoo.benchmark import memory
from ganzoo.benchmark.ceiling import Ceiling
from ganzoo.benchmark.parts import timed_parts
from ganzoo.benchmark.steps import Steps
from ganzoo.benchmark.timing import Spread
from ganzoo.device_time import now
from ganzoo.observers.observer import SILENT, Observer
from ganzoo.operations import OperationCounter, OperatorCost, by_operator
from ganzoo.run import Run
from ganzoo.settings import MAIN_KINDS
from ganzoo.training.engine import Engine
from ganzoo.training.switches import switches

_ROUND = 0.1
"""Seconds of a round at least: the device is waited for only after each."""
_DISTURBED = 0.15
"""A spread, or a change of the ceiling, from which on something else seems to use the machine."""


class Budget(NamedTuple):
    """How long the steps are timed."""

    seconds: float = 10.0
    steps: int | None = None
    """The number of steps, instead of the seconds."""


class _Plan(NamedTuple):
    """The steps that are timed: so many in a round, and so many rounds."""

    per_round: int
    rounds: int


@dataclass(frozen=True)
class Measurement:
    """The speed of a run on a machine, after warm-up."""

    dataset: str
    architecture: str
    loss: str
    regularizers: Sequence[str]
    augmentations: Sequence[str]
    size: str
    """Width and height of the images, such as ``64 x 64``."""
    batch_size: int
    """Images of a batch, over all processes."""
    images: int
    """Real images that a step shows to the discriminator, over all processes."""
    device: str
    precision: str
    processes: int
    threads: int
    """Threads of each process."""
    channels_last: bool
    parameters: Mapping[str, int]
    """The number of parameters of each network."""
    steps: int
    """Steps that were timed."""
    seconds_per_step: Spread
    parts: Mapping[str, float]
    """Seconds of each part of a step, measured in other steps than ``seconds_per_step``."""
    ceiling: Ceiling
    """What each process reaches while all of them do the same."""
    operations: float
    """Floating point operations of a step in one process."""
    operators: Sequence[OperatorCost]
    """What each operator of torch costs in a step of one process, the slowest first."""
    peak_memory: int | None
    """Bytes in one process."""
    notes: Sequence[str]
    """What may have disturbed the measurement."""

    @property
    def images_per_second(self) -> Spread:
        """Real images shown to the discriminator per second."""
        return self.seconds_per_step.of_rate(self.images)

    @property
    def seconds_per_1000_images(self) -> Spread:
        """Seconds for 1,000 real images shown to the discriminator."""
        return self.seconds_per_step.scaled(1000 / self.images)

    @property
    def operations_per_second(self) -> float:
        """Floating point operations per second of one process."""
        return self.operations / self.seconds_per_step.median

    @property
    def shares(self) -> dict[str, float]:
        """The share of each part in the time of a step; they add up to 1."""
        total = sum(self.parts.values())
        return {part: seconds / total for part, seconds in self.parts.items()}


def measure(run: Run, budget: Budget, progress: Observer = SILENT) -> Measurement:
    """Measure the steps of a run; all processes of the run call this.

    Raises RequestError if the run is not possible.
    """
    with switches(run.train):
        steps = Steps(run, Engine(run.train), progress)
        return _measure(run, steps, budget, progress)


def _measure(run: Run, steps: Steps, budget: Budget, progress: Observer) -> Measurement:
    engine = steps.assembly.engine
    device = engine.device
    dtype = torch.bfloat16 if run.train.precision == "bf16" else torch.float32
    layout = steps.assembly.batches.layout

    def ceiling() -> Ceiling:
        progress.on_evaluation_progress("measuring the machine", 0, 1)
        engine.barrier()  # all processes share the machine
        return Ceiling.measure(device, dtype, layout)

    progress.on_evaluation_progress("warming up", 0, 2)
    memory.reset_peak(device)
    plan = _warm_up(steps, budget)
    peak_memory = memory.peak(device)
    before = ceiling()
    seconds = []
    for done in range(plan.rounds):
        progress.on_evaluation_progress("timing steps", done, plan.rounds)
        seconds.append(_round(steps, plan.per_round))
    after = ceiling()
    progress.on_evaluation_progress("timing the parts of steps", 0, 1)
    parts = _time_parts(steps, plan.per_round * math.ceil(plan.rounds / 4))
    progress.on_evaluation_progress("counting operations", 0, 1)
    with OperationCounter(device) as counter:
        steps.make(steps.cycle)
    return Measurement(
        **_of_run(run, steps),
        steps=plan.per_round * plan.rounds,
        seconds_per_step=Spread.of(seconds),
        parts=parts,
        ceiling=before.mean(after),
        operations=counter.operations / steps.cycle,
        operators=by_operator(counter.calls, steps.cycle),
        peak_memory=peak_memory,
        notes=_notes(seconds, before, after, sum(parts.values())),
    )


def _of_run(run: Run, steps: Steps) -> dict[str, Any]:
    """The fields of a measurement that say what was measured, and on which machine."""
    engine, batches = steps.assembly.engine, steps.assembly.batches
    networks = steps.assembly.setup.networks
    return {
        **{kind: getattr(run, kind).entry.component.name for kind in MAIN_KINDS},
        "regularizers": list(run.regularize),
        "augmentations": list(run.augment),
        "size": batches.data.shape.size,
        "batch_size": steps.loop.trainer.growth.stages[-1].batch_size,
        "images": steps.images,
        "device": _device_name(engine.device),
        "precision": run.train.precision,
        "processes": engine.processes,
        "threads": torch.get_num_threads(),
        "channels_last": batches.layout == torch.channels_last,
        "parameters": {k: sum(p.numel() for p in v.parameters()) for k, v in networks.items()},
    }


def _warm_up(steps: Steps, budget: Budget) -> _Plan:
    """Make each kind of update twice, and plan how many steps are timed."""
    engine = steps.assembly.engine
    steps.make(steps.cycle)
    one = _round(steps, steps.cycle)
    per_round = steps.cycle * math.ceil(_ROUND / (one * steps.cycle))
    count = budget.steps or budget.seconds / one
    return engine.broadcast(_Plan(per_round, max(1, math.ceil(count / per_round))))


def _round(steps: Steps, count: int) -> float:
    """The seconds of a step, the mean of a round."""
    device = steps.assembly.engine.device
    start = now(device)
    steps.make(count)
    return (now(device) - start) / count


def _time_parts(steps: Steps, count: int) -> dict[str, float]:
    """The seconds of each part of a step, the mean of ``count`` steps."""
    with timed_parts(steps.loop, steps.assembly.engine.device) as timer:
        steps.make(count)
    return {part: seconds / count for part, seconds in timer.seconds.items()}


def _notes(seconds: Sequence[float], before: Ceiling, after: Ceiling, in_parts: float) -> list[str]:
    """What may have disturbed rounds with so many seconds in a step."""
    notes, spread = [], Spread.of(seconds)
    if len(seconds) == 1:
        notes.append(
            "steps were timed once, so it is not known how much their time varies: raise --steps "
            "or --seconds"
        )
    if spread.relative > _DISTURBED:
        notes.append(
            f"the time of a step varies by {spread.relative:.0%}: something else uses this machine"
        )
    change = abs(after.matrix_product / before.matrix_product - 1)
    if change > _DISTURBED:
        notes.append(
            f"the speed of the machine changed by {change:.0%} while steps were timed: something "
            "else uses it"
        )
    longer = in_parts / spread.median - 1
    if abs(longer) > _DISTURBED:
        notes.append(
            f"a step took {abs(longer):.0%} {'longer' if longer > 0 else 'less'} while its parts "
            "were timed"
        )
    return notes


def _device_name(device: torch.device) -> str:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return f"{device.type} ({name})"
