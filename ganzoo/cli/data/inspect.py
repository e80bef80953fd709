"""``ganzoo data inspect``: what a set of pictures is like, before a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

import typer

from ganzoo.cli.known import Json, LocalPlugin, Without, registry
from ganzoo.cli.request import RecipeName
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ganzoo.components import Options
    from ganzoo.contracts import ImageSource
    from ganzoo.data.inspection import Report
    from ganzoo.data.preparation import Preparation
    from ganzoo.registry import Entry, Registry
    from ganzoo.run import Pictures
    from ganzoo.settings import Settings

Model = TypeVar("Model", bound="BaseModel")

_LARGEST = 256
"""Pixels; with more, a run takes days on one GPU."""

_SMALL, _TINY = 100_000, 10_000
"""Pictures below which augmenting helps, and below which a discriminator learns them by heart."""


class Chosen(NamedTuple):
    """A dataset with its options, and which of its pictures are to be prepared how."""

    entry: Entry
    options: Options
    how: Pictures

    @property
    def can_skip(self) -> bool:
        """Whether the dataset can leave out what cannot be read."""
        return "on_error" in type(self.options).model_fields

    def build(self) -> ImageSource:
        """The pictures, those that cannot be read left out if that can be."""
        lenient = {"on_error": "skip"} if self.can_skip else {}
        source: ImageSource = self.entry.component.build(self.options.model_copy(update=lenient))
        return source


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
        typer.Option(metavar="FILE.png", help="Draw samples before and after preparation."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Look at so many only, evenly spread.")
    ] = None,
    as_json: Json = False,
    without: Without = None,
    plugin: LocalPlugin = None,
) -> None:
    """Say what pictures are like, what preparing makes of them, and which settings suit them.

    Examples:
    - `ganzoo data inspect image-folder dataset.path=pics`
    - `ganzoo data inspect image-folder dataset.path=pics data.resolution=128 --out sheet.png`
    - `ganzoo data inspect blossoms --limit 1000 --json`

    """
    chosen = choose(what or [], recipe, registry(without, plugin))
    if out:
        _check(out)
    from ganzoo.data.inspection import inspect

    source = chosen.build()
    with _bar() as progress:
        report = inspect(
            source, chosen.how, classes=chosen.how.classes, limit=limit, progress=progress
        )
    if out:
        _draw(source, chosen.how, out)
    suitable = list(_suitable(report, chosen))
    if as_json:
        asked = {"dataset": chosen.entry.qualified_name, "data": chosen.how.model_dump(mode="json")}
        print(json.dumps({**asked, **asdict(report), "suitable": dict(suitable)}, indent=2))
        return
    print(*_told(report, chosen), sep="\n")
    if suitable:
        print("\nsettings that suit:", *table(suitable), sep="\n  ")


# --- what is asked for ------------------------------------------------------------------------


def choose(words: Sequence[str], recipe: str | None, known: Registry) -> Chosen:
    """The dataset and the preparation that ``[DATASET] [KEY=VALUE]...`` or a recipe ask for.

    Raises RequestError for what there is not, and for settings of other parts of a run.
    """
    from ganzoo.run import Pictures

    settings = _settings(words, recipe, known)
    section = settings.values["dataset"]
    entry = known.find("dataset", str(section["name"]))
    component = entry.component
    advice = {key: v for key, v in component.recommends.items() if key.startswith("data.")}
    settings.recommend(advice, f"dataset {component.name}")
    chosen = {key: value for key, value in section.items() if key != "name"}
    options = _validated(component.options, chosen, "dataset", settings)
    how = _validated(Pictures, settings.values.get("data", {}), "data", settings)
    return Chosen(entry, options, how)


def _settings(words: Sequence[str], recipe: str | None, known: Registry) -> Settings:
    from ganzoo.components import Recipe
    from ganzoo.errors import RequestError
    from ganzoo.settings import Settings

    settings, asked = Settings(), Settings()
    if recipe:
        component = known.find("recipe", recipe).component
        assert isinstance(component, Recipe)
        settings.parse(component.read(), origin=f"recipe {recipe}")
    names = [word for word in words if "=" not in word]
    asked.override([*(f"dataset={name}" for name in names), *(w for w in words if "=" in w)])
    for key in asked.origins:
        if key.partition(".")[0] not in ("dataset", "data"):
            raise RequestError(f"{key} is not about pictures: give settings of dataset and data")
    settings.add(asked.values, "command line")
    section = settings.values.get("dataset")
    if len(names) > 1 or not isinstance(section, dict) or "name" not in section:
        raise RequestError(
            f"expected one dataset, not {' '.join(names) or 'none'}: write DATASET [KEY=VALUE]..."
        )
    return settings


def _validated(model: type[Model], values: Any, section: str, settings: Settings) -> Model:
    from pydantic import ValidationError

    from ganzoo.settings import reworded

    try:
        return model.model_validate(values)
    except ValidationError as error:
        known = [f"{section}.{name}" for name in model.model_fields]
        raise reworded(error, section, known, settings.origins) from None


def _check(out: Path) -> None:
    from ganzoo.errors import RequestError
    from ganzoo.output.files import check_free

    if not out.suffix:
        raise RequestError(f"--out {out}: a sheet is one picture file, such as {out}.png")
    check_free(out)


def _draw(source: ImageSource, how: Preparation, out: Path) -> None:
    import numpy as np

    from ganzoo import pictures
    from ganzoo.data.sheet import sheet

    out.parent.mkdir(parents=True, exist_ok=True)
    pictures.save(np.asarray(sheet(source, how)), out)


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A bar in a terminal, else a line, on standard error."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from ganzoo.observing.console import StandardError

    console = StandardError()
    columns = (MofNCompleteColumn(), BarColumn(bar_width=16), TimeRemainingColumn())
    with Progress(
        *(TextColumn("picture"), *columns, TextColumn("left")),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("", total=None)

        def show(done: int, total: int) -> None:
            if not done and not console.is_terminal:
                console.print(f"looking at {total} pictures")
            progress.update(task, completed=done, total=total)

        yield show


# --- what is told -----------------------------------------------------------------------------


def _told(report: Report, chosen: Chosen) -> Iterator[str]:
    some = report.looked_at < report.pictures
    looked = f", {report.looked_at:,} of them looked at" if some else ""
    yield f"{chosen.entry.component.name}: {report.pictures:,} pictures{looked}"
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


def _foretold(report: Report, how: Preparation) -> Iterator[str]:
    from rich.filesize import decimal

    ahead = report.preparation
    channels, height, width = ahead.shape
    yield f"\nprepared at {width} x {height} x {channels}, data.fit={how.fit}:"
    verb = {"crop": "cut off", "pad": "padding", "stretch": "squeezed"}[how.fit]
    yield f"  {ahead.lost:.1%} {verb} on average, {ahead.most_lost:.1%} at most"
    yield f"  {len(report.oddities.get('enlarged', ())):,} enlarged"
    if ahead.bytes:
        done = {True: ", prepared already", False: ", not prepared yet", None: ""}[ahead.done]
        yield f"  about {ahead.seconds:,.0f} s and {decimal(ahead.bytes)} in the cache{done}"
    else:
        yield "  nothing to prepare: they are read while they are trained on"


def _suitable(report: Report, chosen: Chosen) -> Iterator[tuple[str, str]]:
    """Settings, each with why it suits."""
    transparent = len(report.oddities.get("transparent", ()))
    if "data.resolution" in chosen.entry.component.recommends:
        pass  # who knows the pictures has said it
    elif report.resolution > _LARGEST:
        yield f"data.resolution={_LARGEST}", "they are larger, but more takes days on a GPU"
    elif report.resolution:
        yield f"data.resolution={report.resolution}", "enlarges nine in ten by a quarter at most"
    if transparent > report.readable / 2:
        yield "data.channels=4", f"{transparent:,} are transparent: less puts them on a background"
    elif chosen.how.channels == "auto" and report.preparation.shape[0] == 1:
        yield "data.channels=1", "all are grey; auto finds that out, too"
    if report.pictures < _SMALL:
        yield "--augment flip", "twice the pictures, unless left and right differ as in writing"
    if report.pictures < _TINY:
        yield (
            "--augment shift augment.shift.on=both",
            "keeps so few from being learnt by heart, and on both the shifts from being imitated",
        )
    if len(report.classes) > 1:
        yield "architecture.conditional=true", "makes pictures of a class that you name"
    if report.unbalanced:
        yield "data.balance=true", "shows pictures of every class equally often"
    if report.unreadable and chosen.can_skip:
        yield "dataset.on_error=skip", "leaves out what cannot be read, which ends a run else"


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
