"""``ganzoo evaluate``: how good a run's images are."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.options import Device, DisablePlugin, Json, registry
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from ganzoo.evaluation.record import Evaluated


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change for this evaluation."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this metric; may be given several times."),
    ] = None,
    extractor: Annotated[
        str | None, typer.Option(metavar="NAME", help="The extractor whose features are compared.")
    ] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Generated images.")] = None,
    checkpoint: Annotated[
        list[str] | None,
        typer.Option(metavar="WHICH", help="last, best, all or a step; several are fine."),
    ] = None,
    device: Device = "cpu",
    as_json: Json = False,
    disable_plugin: DisablePlugin = None,
) -> None:
    """Measure how good a run's images are, and keep it in its `evaluations.jsonl`.

    Beside each number stands what real images get: those of one half against the other.

    Examples:
    - `ganzoo evaluate RUN`
    - `ganzoo evaluate RUN --metric fd --metric kid --checkpoint best --samples 5000`
    - `ganzoo evaluate RUN --checkpoint all --extractor random`

    """
    from ganzoo.api import stored_settings
    from ganzoo.folders import RunFolder
    from ganzoo.run import Run, plugin_files
    from ganzoo.settings import split_names

    folder = RunFolder.open(run)
    settings = stored_settings(folder)
    settings.override(changes or [])
    metrics = [name for names in metric or () for name in split_names(names)]
    asked = {"evaluate.metrics": metrics, "extractor": extractor, "evaluate.samples": samples}
    settings.add({key: value for key, value in asked.items() if value}, "command line")
    known = registry(disable_plugin, plugin_files(settings))
    resolved = Run.resolve(settings, known, recommend=False)

    from ganzoo.cli.moved import naming_moved
    from ganzoo.observers.console import ProgressBar
    from ganzoo.output.evaluating import evaluate

    observer = ProgressBar()
    which = checkpoint or ["last"]
    found = []
    try:
        with naming_moved(resolved):
            for each in evaluate(folder, resolved, which, device, observer):
                found.append(each)
                if not as_json:
                    _show(each)
    finally:
        observer.on_end()
    if as_json:
        print(json.dumps([asdict(each) for each in found], indent=2))


def _show(found: Evaluated) -> None:
    print(
        f"step {found.step}: {found.samples} generated and {found.real} real images of "
        f"{found.size}, features of {found.extractor}, "
        f"{found.seconds:.0f} s"
    )
    rows = [("metric", "value", "real", "good", "images", "by")]
    for name, score in found.scores.items():
        baseline = (
            "-" if score.baseline is None else f"{score.baseline:.4g} ({score.baseline_images})"
        )
        by = found.extractor if score.by_features else "pixels"
        good = {"low": "low", "high": "high", "real": "near real"}[score.goal]
        rows.append((name, f"{score.value:.4g}", baseline, good, str(score.images), by))
    print(*table(rows), sep="\n")
