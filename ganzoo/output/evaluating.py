"""Evaluate the checkpoints of a trained run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ganzoo.data.collection import Collection
from ganzoo.evaluation.evaluator import Progress
from ganzoo.evaluation.record import EvaluationResult
from ganzoo.folders import RunFolder
from ganzoo.json_lines import JsonLinesFile
from ganzoo.launcher import require_single_process
from ganzoo.observers.observer import Observer
from ganzoo.output.trained import TrainedRun
from ganzoo.run import Run
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.store import SILENT, store_of


def evaluate(
    folder: RunFolder,
    run: Run,
    checkpoints: Sequence[str] = ("last",),
    device: str = "cpu",
    observer: Observer = SILENT,
) -> Iterator[EvaluationResult]:
    """Evaluate the generators of these checkpoints and save the scores in the run folder.

    Checkpoints are ``last``, ``best``, ``all`` or steps. Raises RequestError if the dataset of the
    settings no longer has the images that the run was trained on, or if a launcher started several
    processes.
    """
    require_single_process("an evaluation")
    names = _checkpoint_names(folder, checkpoints)
    trained = [TrainedRun(folder, run, name).to(device) for name in names]
    data = Collection.of(store_of(run, run.dataset.build(), observer), run.data.classes)
    trained[0].require_same_images(data)
    evaluation = Evaluation(run, data, device)
    if evaluation.note:
        observer.on_message(evaluation.note)
    file = JsonLinesFile(folder.evaluations, step=math.inf)
    try:
        for each in trained:
            found = _evaluate(evaluation, each, observer.on_evaluation_progress)
            file.write(found.step, found.line())
            yield found
    finally:
        file.close()


def _checkpoint_names(folder: RunFolder, checkpoints: Sequence[str]) -> list[str]:
    """Without duplicates; ``all`` is replaced by every step, or by ``last`` if there is none."""
    steps = [str(step) for step in reversed(Checkpoints(folder.checkpoints, keep=1).steps())]
    names = (steps or ["last"] if name == "all" else [name] for name in checkpoints)
    return list(dict.fromkeys(name for some in names for name in some))


def _evaluate(evaluation: Evaluation, run: TrainedRun, progress: Progress) -> EvaluationResult:
    step, images_seen = run.step, run.images_seen
    return evaluation(run.generator, run.growth_point, step, images_seen, progress)
