"""The report of ``ganzoo data inspect`` as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ganzoo.cli.table import table

if TYPE_CHECKING:
    from ganzoo.cli.data.request import Chosen
    from ganzoo.data.inspection import Report
    from ganzoo.sections import DataOptions


def inspection_lines(report: Report, chosen: Chosen) -> Iterator[str]:
    """The images, their classes and problems, and the effect of preparation."""
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


def _counts(counts: dict[str, int]) -> str:
    return _first([f"{value} ({count:,})" for value, count in counts.items()])


def _first(names: Sequence[str]) -> str:
    """The first four names, and the number of the others."""
    more = f" and {len(names) - 4:,} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more


def _section(heading: str, lines: Sequence[str], most: int) -> Iterator[str]:
    """A heading with the number of lines, then the first lines; nothing if there are none."""
    if lines:
        yield f"\n{heading} ({len(lines):,}):"
        yield from (f"  {line}" for line in lines[:most])
    if len(lines) > most:
        yield f"  and {len(lines) - most:,} more; --json lists all"
