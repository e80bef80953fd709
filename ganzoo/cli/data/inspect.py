"""``ganzoo data inspect``: facts about a dataset's images, and suitable settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.data.request import Chosen, choose
from ganzoo.cli.options import DisablePlugin, Force, Json, LocalPlugin, file_path, registry
from ganzoo.cli.request import RecipeName
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from ganzoo.contracts import Dataset
    from ganzoo.data.inspection import Report
    from ganzoo.sections import DataOptions


def inspect(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DATASET | PATH] [KEY=VALUE]...",
            help="A dataset's name, or the path of your images; and settings of `dataset` and "
            "`data` as for `ganzoo train`.",
            show_default=False,
        ),
    ] = None,
    recipe: RecipeName = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Also write a grid of some images before and after preparation.",
            parser=file_path,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Inspect only N images, evenly spaced."),
    ] = None,
    force: Force = False,
    as_json: Json = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
) -> None:
    """Report the images' sizes, classes and problems, the effect of preparation, and settings.

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
        _check(out, force)
    from ganzoo.data.inspection import inspect
    from ganzoo.observers.console import show_progress
    from ganzoo.recommendations import augmentations_for

    dataset, preparation = chosen.skipping_unreadable().build(), chosen.preparation
    plugin_code = chosen.entry.code.only_own_frames()
    with plugin_code, show_progress("image", "inspecting {} images") as progress:
        report = inspect(
            dataset,
            preparation,
            classes=preparation.classes,
            limit=limit,
            progress=progress,
            dataset_name=chosen.entry.qualified_name,
        )
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
    print(*_report_lines(report, chosen), sep="\n")
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


def _check(out: Path, force: bool) -> None:
    from ganzoo.output.files import check_free

    check_free(out, force=force)


def _write_preview(dataset: Dataset, preparation: DataOptions, out: Path) -> None:
    import numpy as np

    from ganzoo import imaging
    from ganzoo.data.preview import preview

    out.parent.mkdir(parents=True, exist_ok=True)
    imaging.save_image(np.asarray(preview(dataset, preparation, preparation.classes)), out)


# --- the report as text -----------------------------------------------------------------------


def _report_lines(report: Report, chosen: Chosen) -> Iterator[str]:
    partial = report.looked_at < report.images
    inspected = f", {report.looked_at:,} of them inspected" if partial else ""
    about = "about " if partial and chosen.preparation.classes else ""
    yield f"{chosen.entry.component.name}: {about}{report.images:,} images{inspected}"
    yield from report.notes
    if report.readable:
        yield from table(list(_summary(report)))
    classes = [(n, f"{c:,}", report.unbalanced.get(n, "")) for n, c in report.classes.items()]
    yield from _section("classes", list(table(classes)), 20)
    several = "several classes or values of each image"
    yield from _section(several, list(table(list(report.values.items()))), 20)
    reasons = [f"{name}: {reason}" for name, reason in report.unreadable.items()]
    yield from _section("images that cannot be read", reasons, 20)
    yield from _section("images with the same pixels", [" = ".join(n) for n in report.same], 10)
    yield from _section(
        "images that look nearly the same", [" ~ ".join(n) for n in report.near], 10
    )
    if report.readable:
        yield from _preparation_lines(report, chosen.preparation)


def _summary(report: Report) -> Iterator[tuple[str, str]]:
    yield "sizes", _counts(report.sizes)
    if len(report.sizes) > 1:
        yield "smallest", report.smallest
        yield "largest", report.largest
    yield "aspect ratios", _counts(report.ratios)
    yield "color modes", _counts(report.modes)
    for oddity, names in report.oddities.items():
        yield oddity.replace("_", " "), f"{len(names):,}: {_first(names)}"


def _preparation_lines(report: Report, preparation: DataOptions) -> Iterator[str]:
    from rich.filesize import decimal

    from ganzoo.size import size

    forecast = report.preparation
    channels, height, width = forecast.shape
    yield f"\npreparation to {size(width, height)} x {channels}, data.fit={preparation.fit}:"
    effect = {"crop": "cropped", "pad": "padding", "stretch": "stretched"}[preparation.fit]
    yield f"  {forecast.lost:.1%} {effect} on average, {forecast.most_lost:.1%} at most"
    yield f"  {len(report.oddities.get('enlarged', ())):,} images enlarged"
    if forecast.bytes:
        done = {True: ", already prepared", False: ", not prepared yet", None: ""}[forecast.done]
        of = f" for the {forecast.images:,} images of all classes" if preparation.classes else ""
        space = decimal(forecast.bytes)
        yield f"  takes about {forecast.seconds:,.0f} s and {space} in the cache{of}{done}"
    else:
        yield "  no preparation: training reads the images directly from the dataset"


def _counts(counts: dict[str, int], most: int = 4) -> str:
    return _first([f"{value} ({count:,})" for value, count in counts.items()], most)


def _first(names: Sequence[str], most: int = 4) -> str:
    """The first names, and the number of the others."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _section(heading: str, lines: Sequence[str], most: int) -> Iterator[str]:
    """A heading with the number of lines, then the first lines; nothing if there are none."""
    if lines:
        yield f"\n{heading} ({len(lines):,}):"
        yield from (f"  {line}" for line in lines[:most])
    if len(lines) > most:
        yield f"  and {len(lines) - most:,} more; --json lists all"
