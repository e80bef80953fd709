"""Evaluate the checkpoints of a trained run."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ganzoo.data.collection import Collection
from ganzoo.evaluation.record import EvaluationResult
from ganzoo.folders import RunFolder
from ganzoo.json_lines import append_line
from ganzoo.launcher import require_single_process
from ganzoo.observers.observer import SILENT, Observer
from ganzoo.output.trained import TrainedRun
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.run import Run
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.store import store_of


def evaluate(
    folder: RunFolder,
    run: Run,
    checkpoints: Sequence[str] = ("last",),
    device: str = "cpu",
    observer: Observer = SILENT,
) -> Iterator[EvaluationResult]:
    """Evaluate the generators of these checkpoints and save the scores in the run folder.

    Checkpoints are ``last``, ``best``, ``all`` or steps. Scores that cannot be saved, such as those
    of a run of somebody else, cause a warning.

    Raises RequestError if the dataset of the settings no longer has the images that the run was
    trained on, or if a launcher started several processes.
    """
    names = _checkpoint_names(folder, checkpoints)
    trained = (TrainedRun(folder, run, name) for name in names)
    for found in measure(trained, run, device, observer):
        _save(found, folder.evaluations)
        yield found


def measure(
    trained: Iterable[TrainedGenerator],
    run: Run,
    device: str = "cpu",
    observer: Observer = SILENT,
) -> Iterator[EvaluationResult]:
    """Evaluate generators of a run, one after another, without saving the scores."""
    require_single_process("an evaluation")
    evaluation: Evaluation | None = None
    for each in trained:
        each.to(device)
        if not evaluation:
            data = Collection.of(store_of(run, run.dataset.build(), observer), run.data.classes)
            each.require_same_images(data)
            evaluation = Evaluation(run, data, device)
            if evaluation.note:
                observer.on_message(evaluation.note)
        yield evaluation(
            each.generator,
            each.growth_point,
            each.step,
            each.images_seen,
            observer.on_evaluation_progress,
        )


def _save(found: EvaluationResult, path: Path) -> None:
    """Append the scores to a file, which the training of the run may write at the same time."""
    try:
        append_line(path, found.line())
    except OSError as error:
        warnings.warn(f"the scores cannot be saved in {path}: {error.strerror}", stacklevel=3)


def _checkpoint_names(folder: RunFolder, checkpoints: Sequence[str]) -> list[str]:
    """Without duplicates; ``all`` is replaced by every step, or by ``last`` if there is none.

    Raises RequestError if one of them does not exist.
    """
    existing = Checkpoints(folder.checkpoints, keep=1)
    steps = [str(step) for step in reversed(existing.steps())]
    groups = (steps or ["last"] if name == "all" else [name] for name in checkpoints)
    names = list(dict.fromkeys(name for group in groups for name in group))
    for name in names:
        if name != "last":
            existing.find(name)
    return names
