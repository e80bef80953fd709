"""``ganzoo data inspect``: what a set of images is like, before a run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.data.request import Chosen, choose
from ganzoo.cli.options import DisablePlugin, Force, Json, LocalPlugin, one_file, registry
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
            metavar="[DATASET] [KEY=VALUE]...",
            help="A dataset, then settings of dataset and data as `ganzoo train` takes them.",
            show_default=False,
        ),
    ] = None,
    recipe: RecipeName = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png", help="Draw samples before and after preparation.", parser=one_file
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Look at so many only, evenly spread.")
    ] = None,
    force: Force = False,
    as_json: Json = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
) -> None:
    """Say what images are like, what preparing makes of them, and which settings suit them.

    Examples:
    - `ganzoo data inspect image-folder dataset.path=pics`
    - `ganzoo data inspect image-folder dataset.path=pics data.resolution=128 --out sheet.png`
    - `ganzoo data inspect blossoms --limit 1000 --json`

    """
    chosen = choose(what or [], recipe, registry(disable_plugin, plugin))
    if out:
        _check(out, force)
    from ganzoo.data.inspection import inspect
    from ganzoo.observers.console import counting

    source, how = chosen.past_damage().build(), chosen.how
    whose = chosen.entry.code.only_own_frames()
    with whose, counting("image", "looking at {} images") as progress:
        report = inspect(
            source,
            how,
            classes=how.classes,
            limit=limit,
            progress=progress,
            dataset_name=chosen.entry.qualified_name,
        )
    if out:
        _draw(source, how, out)
    suitable = list(_suitable(report, chosen, source))
    if as_json:
        asked = {"dataset": chosen.entry.qualified_name, "data": how.model_dump(mode="json")}
        print(json.dumps({**asked, **asdict(report), "suitable": dict(suitable)}, indent=2))
        return
    print(*_told(report, chosen), sep="\n")
    if suitable:
        print("\nsettings that suit:", *table(suitable), sep="\n  ")


def _suitable(report: Report, chosen: Chosen, source: Dataset) -> Iterator[tuple[str, str]]:
    from ganzoo.contracts import ChunkedDataset
    from ganzoo.data.suggestions import suggest_settings

    return suggest_settings(
        report,
        chosen.how,
        resolution_is_known="data.resolution" in chosen.entry.component.recommends,
        can_skip=chosen.can_skip,
        can_balance=not isinstance(source, ChunkedDataset),
    )


def _check(out: Path, force: bool) -> None:
    from ganzoo.output.files import check_free

    check_free(out, force=force)


def _draw(source: Dataset, how: DataOptions, out: Path) -> None:
    import numpy as np

    from ganzoo import imaging
    from ganzoo.data.preview import preview

    out.parent.mkdir(parents=True, exist_ok=True)
    imaging.save(np.asarray(preview(source, how, how.classes)), out)


# --- what is told -----------------------------------------------------------------------------


def _told(report: Report, chosen: Chosen) -> Iterator[str]:
    some = report.looked_at < report.images
    looked = f", {report.looked_at:,} of them looked at" if some else ""
    about = "about " if some and chosen.how.classes else ""
    yield f"{chosen.entry.component.name}: {about}{report.images:,} images{looked}"
    yield from report.notes
    if report.readable:
        yield from table(list(_overall(report)))
    classes = [(n, f"{c:,}", report.unbalanced.get(n, "")) for n, c in report.classes.items()]
    yield from _listed("classes", list(table(classes)), 20)
    reasons = [f"{name}: {reason}" for name, reason in report.unreadable.items()]
    yield from _listed("cannot be read", reasons, 20)
    yield from _listed("have the same pixels", [" = ".join(names) for names in report.same], 10)
    yield from _listed("look nearly the same", [" ~ ".join(names) for names in report.near], 10)
    if report.readable:
        yield from _foretold(report, chosen.how)


def _overall(report: Report) -> Iterator[tuple[str, str]]:
    yield "sizes", _counted(report.sizes)
    if len(report.sizes) > 1:
        yield "smallest", report.smallest
        yield "largest", report.largest
    yield "ratios", _counted(report.ratios)
    yield "modes", _counted(report.modes)
    for what, names in report.oddities.items():
        yield what.replace("_", " "), f"{len(names):,}: {_some(names)}"


def _foretold(report: Report, how: DataOptions) -> Iterator[str]:
    from rich.filesize import decimal

    from ganzoo.size import size

    ahead = report.preparation
    channels, height, width = ahead.shape
    yield f"\nprepared at {size(width, height)} x {channels}, data.fit={how.fit}:"
    verb = {"crop": "cut off", "pad": "padding", "stretch": "squeezed"}[how.fit]
    yield f"  {ahead.lost:.1%} {verb} on average, {ahead.most_lost:.1%} at most"
    yield f"  {len(report.oddities.get('enlarged', ())):,} enlarged"
    if ahead.bytes:
        done = {True: ", prepared already", False: ", not prepared yet", None: ""}[ahead.done]
        of = f" for the {ahead.images:,} images of all classes" if how.classes else ""
        yield f"  about {ahead.seconds:,.0f} s and {decimal(ahead.bytes)} in the cache{of}{done}"
    else:
        yield "  nothing to prepare: they are read while they are trained on"


def _counted(counts: dict[str, int], most: int = 4) -> str:
    return _some([f"{what} ({count:,})" for what, count in counts.items()], most)


def _some(names: Sequence[str], most: int = 4) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _listed(title: str, lines: Sequence[str], most: int) -> Iterator[str]:
    """Nothing, or a title with how many there are and the first of them below."""
    if lines:
        yield f"\n{title} ({len(lines):,}):"
        yield from (f"  {line}" for line in lines[:most])
    if len(lines) > most:
        yield f"  and {len(lines) - most:,} more, which --json names"
