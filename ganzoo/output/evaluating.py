"""The evaluation of a run that was trained before."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ganzoo.data.collection import Collection
from ganzoo.evaluation.evaluator import Progress
from ganzoo.evaluation.record import Evaluated
from ganzoo.folders import RunFolder
from ganzoo.observers.files import Evaluations
from ganzoo.observers.observer import Observer
from ganzoo.output.trained import TrainedRun
from ganzoo.run import Run
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.session import SILENT, store_of


def evaluate(
    folder: RunFolder,
    run: Run,
    checkpoints: Sequence[str] = ("last",),
    device: str = "cpu",
    observer: Observer = SILENT,
) -> Iterator[Evaluated]:
    """Measure the generators of some of a run's checkpoints, and keep what is found with the run.

    Checkpoints are ``last``, ``best``, ``all`` or steps. Raises RequestError if the images that
    the run was trained on are not those of its settings any more.
    """
    trained = [TrainedRun(folder, run, which).to(device) for which in _named(folder, checkpoints)]
    data = Collection.of(store_of(run, run.dataset.build(), observer), run.data.classes)
    trained[0].require_images(data)
    evaluation = Evaluation(run, data, device)
    if evaluation.note:
        observer.on_message(evaluation.note)
    kept = Evaluations(folder.evaluations, step=math.inf)
    try:
        for each in trained:
            found = _evaluated(evaluation, each, observer.on_evaluation_progress)
            kept.on_evaluation_end(found)
            yield found
    finally:
        kept.on_end()


def _named(folder: RunFolder, checkpoints: Sequence[str]) -> list[str]:
    """Each once; ``all`` stands for every step, or for the last if there is none at all."""
    steps = [str(step) for step in reversed(Checkpoints(folder.checkpoints, keep=1).steps())]
    named = (steps or ["last"] if which == "all" else [which] for which in checkpoints)
    return list(dict.fromkeys(which for some in named for which in some))


def _evaluated(evaluation: Evaluation, run: TrainedRun, progress: Progress) -> Evaluated:
    step, images_seen = run.step, run.images_seen
    return evaluation(run.generator, run.point, step, images_seen, run.conditional, progress)
