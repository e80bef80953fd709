"""The page: one HTML file with everything inside."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import ganzoo
from ganzoo import comparison, folders
from ganzoo.comparison import Compared
from ganzoo.errors import RequestError, did_you_mean
from ganzoo.folders import RunFolder, write_atomically
from ganzoo.observers.observer import Observer
from ganzoo.output.animation import sample_grids
from ganzoo.output.report import scores
from ganzoo.output.report.chart import Chart, overlaid
from ganzoo.output.report.differences import shown
from ganzoo.output.report.run_section import RunSection, chapter
from ganzoo.run import Run

ROOM = 9_000_000
"""Bytes of the page for all images."""

_OVERLAID = ("Losses", "Scores of the critic", "Samples", "Speed")
"""Titles of the curves that are shown for all runs together."""


def check_free(path: Path, *, force: bool = False) -> None:
    """Refuse what is no page, and what ``folders.check_free`` refuses.

    Raises RequestError.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise RequestError(f"{path}: a report is a page that ends in .html")
    folders.check_free(path, force=force)


def write(
    folders: Sequence[RunFolder],
    out: Path,
    observer: Observer,
    *,
    sort: str | None = None,
    device: str = "cpu",
    dataset: bool = True,
    runs: Mapping[Path, Run] | None = None,
) -> None:
    """Write the report on these runs, the best by ``sort`` first.

    ``runs``, by their folder's path, need not be made of its settings, which do not have objects.

    Raises RequestError if a run has no samples yet, if none was evaluated by ``sort``, and if the
    package that draws the charts is missing.
    """
    plotly = _plotly()
    for folder in folders:
        sample_grids(folder)
    compared, metric = _ranked(comparison.compare(folders), sort)
    by_path = {str(folder.path): folder for folder in folders}
    room = ROOM // len(folders)
    chapters = [
        chapter(
            by_path[each.folder],
            room,
            device,
            dataset=dataset,
            observer=observer,
            run=(runs or {}).get(by_path[each.folder].path),
        )
        for each in compared
    ]
    observer.on_message("writing the page")
    page = _environment().get_template("page.html")
    names = _names(chapters)
    told = page.render(
        plotly=plotly,
        chapters=chapters,
        names=names,
        compared=compared,
        metric=metric,
        overlaid=_overlaid(names, chapters) if len(chapters) > 1 else [],
        version=ganzoo.__version__,
        date=time.strftime("%Y-%m-%d %H:%M"),
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    # A folder's name may be no text, which a page cannot hold.
    write_atomically(out, told.encode(errors="backslashreplace"))


def _plotly() -> str:
    """The library that draws the charts, as JavaScript."""
    try:
        return files("plotly").joinpath("package_data", "plotly.min.js").read_text("utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        raise RequestError("a report needs the package plotly: pip install plotly") from None


def _ranked(runs: list[Compared], sort: str | None) -> tuple[list[Compared], str | None]:
    """The runs in their order, and the metric that it is by: the first one that all have."""
    names = scores.names(runs)
    if sort is not None and sort not in names:
        known = f"; there are {', '.join(names)}" if names else "; evaluate them first"
        known = did_you_mean(sort, names) or known
        raise RequestError(f"--sort {sort}: no run was evaluated by it{known}")
    common = (name for name in names if all(name in run.metrics for run in runs))
    metric = sort or next(common, None)
    return (comparison.ranked(runs, metric) if metric else runs), metric


def _names(chapters: Sequence[RunSection]) -> list[str]:
    """What runs are called: their folders' names, or whole paths where names are the same."""
    often = Counter(each.name for each in chapters)
    return [each.name if often[each.name] == 1 else each.path for each in chapters]


def _overlaid(names: Sequence[str], chapters: Sequence[RunSection]) -> list[Chart]:
    pairs = list(zip(names, chapters, strict=True))
    told = [(name, [c for c in each.curves if c.title in _OVERLAID]) for name, each in pairs]
    return overlaid(told) + overlaid([(name, each.metrics) for name, each in pairs])


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": shown, "duration": _duration, "rounded": _rounded}
    environment.globals |= {"scores": scores}
    return environment


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{seconds / 3600:.1f} h"


def _rounded(number: Any) -> str:
    """A number as people read it: 1,234 or 0.01235."""
    if number is None:
        return "–"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
