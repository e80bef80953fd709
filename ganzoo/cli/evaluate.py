"""``ganzoo evaluate``: metrics of a run's generated images."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ganzoo.cli.evaluation_table import evaluation_lines
from ganzoo.cli.options import (
    Device,
    DisablePlugin,
    GeneratorArgument,
    Json,
    LocalPlugin,
    registry,
    use_cores,
)

Changes = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change for this evaluation."),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Compute only this metric; can be given several times."),
]
Extractor = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The extractor that computes the features for metrics."),
]
Samples = Annotated[int | None, typer.Option(min=1, help="Number of images to generate.")]
Checkpoints = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WHICH",
        help="Which checkpoint: last (default), best, all or the number of a step; can be "
        "given several times.",
    ),
]
PerClass = Annotated[
    bool, typer.Option("--per-class", help="Compute the metrics of each class, too.")
]


def evaluate(
    run: GeneratorArgument,
    changes: Changes = None,
    metric: Metrics = None,
    extractor: Extractor = None,
    samples: Samples = None,
    checkpoint: Checkpoints = None,
    per_class: PerClass = False,
    device: Device = "cpu",
    as_json: Json = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
) -> None:
    """Compute metrics of a run's generated images and add them to its `evaluations.jsonl`.

    The baseline is the metric of one half of the real images against the other
    half. The metrics of an exported generator are only printed.

    Examples:
    - `ganzoo evaluate RUN`
    - `ganzoo evaluate RUN --metric fd --metric kid --checkpoint best --samples 5000`
    - `ganzoo evaluate RUN --checkpoint all --extractor random`
    - `ganzoo evaluate RUN --metric kid --per-class`
    - `ganzoo evaluate RUN --metric brightness --plugin brightness.py`

    """
    from ganzoo.existing_runs import stored_settings
    from ganzoo.run import Run, plugin_files
    from ganzoo.setting_types import split_names

    settings = stored_settings(run)
    settings.override(changes or [])
    metrics = [name for names in metric or () for name in split_names(names)]
    asked = {"evaluate.metrics": metrics, "extractor": extractor, "evaluate.samples": samples}
    asked["evaluate.per_class"] = per_class
    settings.add({key: value for key, value in asked.items() if value}, "command line")
    files = [*plugin_files(settings), *(file.absolute() for file in plugin or ())]
    known = registry(disable_plugin, list(dict.fromkeys(files)))
    resolved = Run.resolve(settings, known, recommend=False, measure=True)

    from ganzoo.cli.moved_dataset import hint_if_dataset_moved
    from ganzoo.observers.console import ProgressBar
    from ganzoo.observers.observer import ending
    from ganzoo.results import evaluate_checkpoints

    use_cores()
    results, names = [], checkpoint or ["last"]
    with ending(ProgressBar()) as progress, hint_if_dataset_moved(resolved):
        for result in evaluate_checkpoints(run, resolved, names, device, progress):
            results.append(result)
            if not as_json:
                print(*evaluation_lines(result), sep="\n")
    if as_json:
        print(json.dumps([asdict(result) for result in results], indent=2))
