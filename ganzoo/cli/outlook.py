"""What a run will do, as far as its settings tell before anything is opened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganzoo.run import Run


def outlook(run: Run) -> Iterator[str]:
    """How long it trains, and how often it saves, draws and measures, a line each."""
    images = run.train.batch_size * run.train.discriminator.steps
    steps = _steps(run, images)
    if run.train.epochs is not None:
        length = f"{run.train.epochs:g} epochs; how many steps depends on the dataset"
    elif run.train.images is not None:
        length = f"{run.train.images:,} images"
    else:
        length = f"{run.train.steps:,} steps, {run.train.steps * images:,} images"
    most = "at most " if run.growth and run.growth.batch_size else ""
    yield f"length: {length}; a step shows {most}{images:,} images to the discriminator"
    kept = f", of which the newest {run.checkpoint.keep} are kept"
    yield f"checkpoints: {_often(run.checkpoint.every, steps)}{kept}"
    yield f"sample grids: {_often(run.sample.every, steps)}"
    yield f"evaluations: {_often(run.evaluate.every, steps)}"
    if run.train.max_time:
        yield f"it stops after {run.train.max_time}, with a checkpoint to go on from"
    yield "how long that takes is said after the first steps of training"


def _steps(run: Run, images: int) -> int | None:
    """Steps in all, if they do not depend on the dataset."""
    if run.train.epochs is not None:
        return None
    if run.train.images is None:
        return run.train.steps
    # Where networks grow, a batch may be smaller at first.
    return None if run.growth else -(-run.train.images // images)


def _often(every: int | str | None, steps: int | None) -> str:
    if every is None:
        return "none (evaluate.every is not set)"
    if isinstance(every, str):
        return f"one every {every}"
    if steps is None:
        return f"one every {every:,} steps"
    return f"about {-(-steps // every):,}, one every {every:,} steps"
