"""What a run will do, as far as its settings say without opening the dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganzoo.run import Run
    from ganzoo.schedule import Schedule

_BARS = "▁▂▃▄▅▆▇█"
_POINTS = 24
"""Characters of a drawing."""


def run_summary(run: Run) -> Iterator[str]:
    """Lines with the length of training, and how often it saves, draws samples and evaluates."""
    images = run.train.batch_size * run.train.discriminator.steps
    steps = _total_steps(run, images)
    if run.train.epochs is not None:
        length = f"{run.train.epochs:g} epochs; the number of steps depends on the dataset's size"
    elif run.train.images is not None:
        length = f"{run.train.images:,} images"
    else:
        length = f"{run.train.steps:,} steps, {run.train.steps * images:,} images"
    most = "at most " if run.growth and run.growth.batch_size else ""
    yield f"length: {length}; each step shows {most}{images:,} images to the discriminator"
    kept = f"; the newest {run.checkpoint.keep} are kept"
    yield f"checkpoints: {_interval(run.checkpoint.every, steps)}{kept}"
    yield f"sample grids: {_interval(run.sample.every, steps)}"
    yield f"evaluations during training: {_interval(run.evaluate.every, steps)}"
    for key, schedule in run.schedules.items():
        yield f"{key}: {schedule}{_drawing(schedule, steps and steps * images)}"
    if run.train.max_time:
        yield f"time limit: stops after {run.train.max_time} with a checkpoint, and can be resumed"
    yield "training prints an estimate of the total time after its first steps"


def _total_steps(run: Run, images: int) -> int | None:
    """The total number of steps; ``None`` if it depends on the dataset."""
    if run.train.epochs is not None:
        return None
    if run.train.images is None:
        return run.train.steps
    # A run that grows may use smaller batches at first.
    return None if run.growth else -(-run.train.images // images)


def _drawing(schedule: Schedule, images: int | None) -> str:
    """A small drawing of a schedule over the run; empty if the length matters and is not known."""
    if images is None and any(part.images for part in schedule.parts):
        return ""
    total = images or 10**6  # the same drawing for any length
    low, high = schedule.bounds
    values = [schedule.at(total * i // (_POINTS - 1), total) for i in range(_POINTS)]
    levels = [(value - low) / (high - low) if high > low else 0 for value in values]
    drawn = "".join(_BARS[round(level * (len(_BARS) - 1))] for level in levels)
    return f"  {drawn}  ({values[0]:.4g} to {values[-1]:.4g})"


def _interval(every: int | str | None, steps: int | None) -> str:
    if every is None:
        return "none (evaluate.every is not set)"
    if isinstance(every, str):
        return f"one every {every}"
    if steps is None:
        return f"one every {every:,} steps"
    return f"about {-(-steps // every):,}, one every {every:,} steps"
