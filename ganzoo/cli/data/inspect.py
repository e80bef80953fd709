"""``ganzoo data inspect``: facts about a dataset's images, and suitable settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.data.inspection_text import inspection_lines
from ganzoo.cli.data.request import Chosen, choose
from ganzoo.cli.options import (
    DisablePlugin,
    Force,
    Json,
    LocalPlugin,
    RecipeName,
    file_path,
    registry,
)
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from ganzoo.contracts import Dataset
    from ganzoo.data.inspection import Report
    from ganzoo.sections import DataOptions

What = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[DATASET | PATH] [KEY=VALUE]...",
        help="A dataset's name, or the path of your images; and settings of `dataset` and "
        "`data` as for `ganzoo train`.",
        show_default=False,
    ),
]
Preview = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.png",
        help="Also write a grid of some images before and after preparation.",
        parser=file_path,
    ),
]
Limit = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Inspect only N images, evenly spaced.")
]


def inspect(
    what: What = None,
    recipe: RecipeName = None,
    out: Preview = None,
    limit: Limit = None,
    force: Force = False,
    as_json: Json = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
) -> None:
    """Report sizes, classes and problems of images, and suggest settings.

    Preparation crops and resizes the images to `data.resolution` before
    training. The suggested settings can be given to `ganzoo train`.

    Examples:
    - `ganzoo data inspect ./pics`
    - `ganzoo data inspect image-folder dataset.path=pics data.resolution=128 --out preview.png`
    - `ganzoo data inspect blossoms --limit 1000 --json`

    """
    known = registry(disable_plugin, plugin)
    chosen = choose(what or [], recipe, known)
    if out:
        from ganzoo.output.files import check_free

        check_free(out, force=force)
    from ganzoo.observers.console import show_progress
    from ganzoo.planning.inspected_dataset import report_on
    from ganzoo.recommendations import augmentations_for

    dataset, preparation = chosen.skipping_unreadable().build(), chosen.preparation
    with show_progress("image", "inspecting {:,} images") as progress:
        report = report_on(chosen.entry, dataset, preparation, limit, progress)
    if out:
        _write_preview(dataset, preparation, out)
    installed = [entry.component for entry in known.entries("augmentation")]
    augmentations = augmentations_for(report.images, installed)
    suggestions = list(_suggestions(report, chosen, dataset, augmentations))
    if as_json:
        data = preparation.model_dump(mode="json")
        settings = {"dataset": chosen.entry.qualified_name, "data": data}
        print(json.dumps({**settings, **asdict(report), "suitable": dict(suggestions)}, indent=2))
        return
    print(*inspection_lines(report, chosen), sep="\n")
    if suggestions:
        print("\nsuggested settings:", *table(suggestions), sep="\n  ")


def _suggestions(
    report: Report, chosen: Chosen, dataset: Dataset, augmentations: Sequence[str]
) -> Iterator[tuple[str, str]]:
    from ganzoo.contracts import is_streamed
    from ganzoo.data.suggestions import suggest_settings

    return suggest_settings(
        report,
        chosen.preparation,
        resolution_is_known="data.resolution" in chosen.entry.component.recommends,
        can_skip=chosen.can_skip,
        can_balance=not is_streamed(dataset),
        augmentations=augmentations,
    )


def _write_preview(dataset: Dataset, preparation: DataOptions, out: Path) -> None:
    import numpy as np

    from ganzoo import imaging
    from ganzoo.data.preview import preview

    out.parent.mkdir(parents=True, exist_ok=True)
    imaging.save_image(np.asarray(preview(dataset, preparation, preparation.classes)), out)
