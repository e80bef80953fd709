"""``evaluate``, ``compare`` and ``report`` for Python programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.arguments import progress_observer
from ganzoo.existing_runs import as_iterable, generator_of, open_run
from ganzoo.folders import RunFolder, is_export
from ganzoo.observers.observer import ending
from ganzoo.run import Run
from ganzoo.run_folders import run_folders
from ganzoo.user_path import user_path

if TYPE_CHECKING:
    from ganzoo.comparison import Compared
    from ganzoo.evaluation.record import EvaluationResult
    from ganzoo.observers.observer import Observer
    from ganzoo.run_folders import AnyRun
    from ganzoo.sweeps.sweep import Sweep


def evaluate(
    run: AnyRun,
    *,
    metrics: str | Sequence[str] = (),
    extractor: str | None = None,
    samples: int | None = None,
    checkpoint: str | int | None = None,
    per_class: bool = False,
    device: str = "cpu",
    settings: Mapping[str, Any] | None = None,
    quiet: bool = False,
) -> EvaluationResult:
    """Evaluate a run by all metrics or by the given ones, and save the scores in its folder.

    ``checkpoint`` is ``"last"``, ``"best"`` or a step; by default, the last checkpoint of a folder,
    or the loaded checkpoint of a TrainedRun. The scores of an exported generator are not saved.
    ``evaluate(run).scalars["metric/kid"]`` is a float.
    With ``per_class``, a conditional run also has the metrics of each class:
    ``scalars["metric/class/daisy/kid"]``.

    Raises RequestError if the real images are not those that the run was trained on.
    """
    path, stored, objects = open_run(run, {})
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    given = {"evaluate.metrics": names, "extractor": extractor, "evaluate.samples": samples}
    given["evaluate.per_class"] = per_class
    stored.add({key: value for key, value in given.items() if value}, "Python")
    stored.add(settings or {}, "Python")
    resolved = Run.resolve(stored, objects.registry(stored), recommend=False, measure=True)
    if checkpoint is None:
        checkpoint = "last" if isinstance(run, str | Path) else run.step

    import torch

    # An extractor is built with random weights, before its own are loaded.
    with torch.random.fork_rng(devices=[]), ending(progress_observer(quiet)) as progress:
        (found,) = evaluate_checkpoints(path, resolved, [str(checkpoint)], device, progress)
    return found


def evaluate_checkpoints(
    path: Path, run: Run, checkpoints: Sequence[str], device: str, observer: Observer
) -> Iterator[EvaluationResult]:
    """Evaluate checkpoints of a run folder and save the scores; or an exported file, unsaved.

    Raises RequestError as ``ganzoo.output.evaluating.evaluate``.
    """
    from ganzoo.output import evaluating

    if is_export(path):
        exported = [generator_of(path, run, name) for name in checkpoints]
        return evaluating.measure(exported, run, device, observer)
    return evaluating.evaluate(RunFolder.open(path), run, checkpoints, device, observer)


def compare(runs: AnyRun | Sweep | Iterable[AnyRun | Sweep]) -> list[Compared]:
    """Compare runs: the settings in which they differ, their losses and their metrics.

    Raises RequestError if there is no run, or if a folder is not a run folder.
    """
    from ganzoo import comparison
    from ganzoo.sweeps.halved_runs import rungs_of

    folders = run_folders(as_iterable(runs))
    return comparison.compare(folders, rungs_of(folders))


def report(
    runs: AnyRun | Sweep | Iterable[AnyRun | Sweep],
    out: str | Path,
    *,
    sort: str | None = None,
    dataset: bool = True,
    device: str = "cpu",
    quiet: bool = False,
) -> Path:
    """Write an HTML report about runs, the best by the metric ``sort`` first; returns its path.

    With ``dataset``, the report shows the nearest real images, so the dataset is loaded.

    Raises RequestError if the file exists already.
    """
    from ganzoo.output.report import page
    from ganzoo.output.trained import TrainedRun
    from ganzoo.sweeps.halved_runs import rungs_of

    path = user_path(out)
    page.check_free(path)
    given = list(as_iterable(runs))
    folders = run_folders(given)
    known = {run.folder: run.run for run in given if isinstance(run, TrainedRun)}
    with ending(progress_observer(quiet)) as progress:
        page.write(
            folders,
            path,
            progress,
            sort=sort,
            device=device,
            dataset=dataset,
            runs=known,
            rungs=rungs_of(folders),
        )
    return path
