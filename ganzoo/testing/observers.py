"""Checks of observers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from ganzoo.components import ComponentSpec
from ganzoo.evaluation.record import EvaluationResult, Score
from ganzoo.folders import RunFolder
from ganzoo.observers.observer import (
    ObservedRun,
    Observer,
    require_observer,
    uncalled_methods,
)
from ganzoo.options import Options
from ganzoo.testing.problems import Problems

_LOSSES = {"images_seen": 64, "loss/discriminator": 0.5, "loss/generator": 0.25}
_SCORES = {name: np.zeros(4, np.float32) for name in ("real", "fake")}


def check_observer(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """It is an Observer; it accepts all events of a run that fails and of its resumed rest."""
    with TemporaryDirectory() as parent:
        folder = RunFolder.create(Path(parent) / "run", _settings())
        for step, resumed in ((0, False), (2, True)):
            run = ObservedRun(folder=folder, step=step, resumed=resumed, settings=_settings())
            observer = component.build(options, run=run)
            for fault in uncalled_methods(observer):
                problems.add(fault)
            with problems.catching("it cannot be used"):
                require_observer(observer)
                _send_events(observer, folder, step, problems)


def _send_events(observer: Observer, folder: RunFolder, step: int, problems: Problems) -> None:
    scalars, pixels = dict(_LOSSES), np.ones((20, 20, 3), np.uint8)
    for event, call in _events(folder, step, scalars, pixels).items():
        with problems.catching(f"{event}() fails"):
            call(observer)
    problems.expect(
        scalars == _LOSSES and pixels.min() == pixels.max() == 1,
        "changes the numbers or images that it gets, which other observers get too: copy them",
    )


def _events(
    folder: RunFolder, start: int, scalars: Mapping[str, float], pixels: NDArray[np.uint8]
) -> Mapping[str, Callable[[Observer], None]]:
    """A call of each method, in the order of a run."""
    step = start + 1
    checkpoint = folder.checkpoints / f"step-{step:07}.pt"
    nonfinite = {"phase": "generator", "step": step}
    return {
        "on_preparation_progress": lambda each: each.on_preparation_progress(0, 1),
        "on_time_limit": lambda each: each.on_time_limit(60.0),
        "on_train_start": lambda each: each.on_train_start(start, 4),
        "on_step_end": lambda each: each.on_step_end(step, 64),
        "on_images": lambda each: each.on_images("samples", step, 0.5, pixels),
        "on_report": lambda each: each.on_report(step, scalars),
        "on_scores": lambda each: each.on_scores(step, _SCORES),
        "on_checkpoint_start": lambda each: each.on_checkpoint_start(),
        "on_checkpoint_end": lambda each: each.on_checkpoint_end(step, checkpoint),
        "on_evaluation_progress": lambda each: each.on_evaluation_progress("features", 0, 1),
        "on_evaluation_end": lambda each: each.on_evaluation_end(_evaluation(step)),
        "on_message": lambda each: each.on_message("a message"),
        "on_warning": lambda each: each.on_warning(step, "a warning"),
        "on_nonfinite": lambda each: each.on_nonfinite(nonfinite),
        "on_rollback": lambda each: each.on_rollback(start),
        "on_failure": lambda each: each.on_failure(ArithmeticError("not finite")),
        "on_end": lambda each: each.on_end(),
    }


def _evaluation(step: int) -> EvaluationResult:
    return EvaluationResult(
        step=step,
        images_seen=64,
        scores={"kid": Score(0.5, 8, None, 4, "low", by_features=True)},
        samples=8,
        real=8,
        image_shape=(3, 8, 8),
        images="images",
        extractor="random",
        features="random-1",
        seed=0,
        seconds=0.1,
    )


def _settings() -> dict[str, object]:
    """Settings as those of a run that is evaluated, except for its components."""
    from ganzoo.run import Run

    names = [name for name, field in Run.model_fields.items() if not field.is_required()]
    defaults = {name: Run.model_fields[name].get_default() for name in names}
    evaluate = {"every": 1, "best": "kid"}
    defaults["evaluate"] = defaults["evaluate"].model_copy(update=evaluate)
    components = {kind: {"name": f"my-plugin/my-{kind}"} for kind in ("dataset", "loss")}
    return {
        **components,
        "architecture": {"name": "my-plugin/my-architecture"},
        **{
            name: value.model_dump(mode="json", exclude_none=True)
            for name, value in defaults.items()
            if hasattr(value, "model_dump")
        },
        "seed": 0,
    }
