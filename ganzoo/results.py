"""What runs have come to, from Python: measured, side by side, and on one page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.arguments import opened, progress, run_folders, several
from ganzoo.run import Run

if TYPE_CHECKING:
    from ganzoo.arguments import AnyRun
    from ganzoo.comparison import Compared
    from ganzoo.evaluation.record import Evaluated
    from ganzoo.sweeps import Sweep


def evaluate(
    run: AnyRun,
    *,
    metrics: str | Sequence[str] = (),
    extractor: str | None = None,
    samples: int | None = None,
    checkpoint: str | int | None = None,
    device: str = "cpu",
    settings: Mapping[str, Any] | None = None,
    quiet: bool = False,
) -> Evaluated:
    """Measure a run's images by all metrics or by those named, and keep the scores with the run.

    ``checkpoint`` is ``"last"``, ``"best"`` or a step; without it, the last one of a folder, or the
    one that was loaded. ``evaluate(run).scalars["metric/kid"]`` is a number.

    Raises RequestError if the real images are not those that the run was trained on.
    """
    place, stored, objects = opened(run, {}, ())
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    asked = {"evaluate.metrics": names, "extractor": extractor, "evaluate.samples": samples}
    stored.add({key: value for key, value in asked.items() if value}, "Python")
    stored.add(settings or {}, "Python")
    resolved = Run.resolve(stored, objects.registry(stored), recommend=False)
    if checkpoint is None:
        checkpoint = "last" if isinstance(run, str | Path) else run.step

    from ganzoo.output import evaluating

    observer = progress(quiet)
    try:
        (found,) = evaluating.evaluate(place, resolved, [str(checkpoint)], device, observer)
    finally:
        observer.on_end()
    return found


def compare(runs: AnyRun | Sweep | Iterable[AnyRun | Sweep]) -> list[Compared]:
    """Runs side by side: the settings in which they differ, losses, metrics.

    Raises RequestError if there is none, or if a folder is not a run's.
    """
    from ganzoo import comparison

    return comparison.compare(run_folders(runs))


def report(
    runs: AnyRun | Sweep | Iterable[AnyRun | Sweep],
    out: str | Path,
    *,
    sort: str | None = None,
    dataset: bool = True,
    device: str = "cpu",
    quiet: bool = False,
) -> Path:
    """Write one HTML file about runs, the best by the metric ``sort`` first, and return its path.

    With ``dataset`` it shows the nearest real images, for which these are opened.

    Raises RequestError if the file exists already.
    """
    from ganzoo.output.report import page
    from ganzoo.output.trained import TrainedRun

    page.check_free(Path(out))
    given = list(several(runs))
    folders, observer = run_folders(given), progress(quiet)
    known = {run.folder: run.run for run in given if isinstance(run, TrainedRun)}
    try:
        page.write(
            folders,
            Path(out),
            observer,
            sort=sort,
            device=device,
            dataset=dataset,
            runs=known,
        )
    finally:
        observer.on_end()
    return Path(out)
