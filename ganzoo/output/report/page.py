"""Write the report as one HTML file that contains all images, styles and scripts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import ganzoo
from ganzoo import comparison, overwriting
from ganzoo.comparison import NO_RUNGS, Compared, Rungs
from ganzoo.errors import RequestError
from ganzoo.extras import require_package
from ganzoo.folders import RunFolder, write_atomically
from ganzoo.observers.observer import Observer
from ganzoo.output.animation import sample_grids
from ganzoo.output.device import require_device
from ganzoo.output.report import scores
from ganzoo.output.report.chart import Chart, overlay
from ganzoo.output.report.differences import format_value
from ganzoo.output.report.run_section import RunSection, run_section
from ganzoo.run import Run

IMAGE_BYTES = 9_000_000
"""Bytes of the page for all images together."""

_OVERLAID = ("Losses", "Discriminator scores", "Samples", "Speed")
"""Titles of the charts that the comparison shows with one line per run."""


def check_free(path: Path, *, force: bool = False) -> None:
    """Check that a report can be written here.

    Raises RequestError if the name does not end in .html, or if ``overwriting.check_free`` does.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise RequestError(f"{path}: the name of a report ends in .html")
    overwriting.check_free(path, force=force)


def write(
    folders: Sequence[RunFolder],
    out: Path,
    observer: Observer,
    *,
    sort: str | None = None,
    device: str = "cpu",
    dataset: bool = True,
    runs: Mapping[Path, Run] | None = None,
    rungs: Rungs = NO_RUNGS,
) -> None:
    """Write the report about these runs, the best by the metric ``sort`` first.

    ``runs`` has runs by the path of their folder, for those whose components are objects, which
    cannot be rebuilt from the stored settings. ``rungs`` has what runs reached in those of a sweep.

    Raises RequestError if a run has no sample grids yet, if no run was evaluated by ``sort``, if
    there is no such device, or if plotly is not installed.
    """
    require_device(device)
    plotly = _plotly()
    for folder in folders:
        sample_grids(folder)
    compared, metric = _ranked(comparison.compare(folders, rungs), sort)
    by_path = {str(folder.path): folder for folder in folders}
    image_bytes = IMAGE_BYTES // len(folders)
    sections = [
        run_section(
            by_path[each.folder],
            image_bytes,
            device,
            dataset=dataset,
            observer=observer,
            run=(runs or {}).get(by_path[each.folder].path),
        )
        for each in compared
    ]
    observer.on_message("writing the page")
    html = _html(sections, compared, metric, plotly)
    out.parent.mkdir(parents=True, exist_ok=True)
    # The name of a folder may have bytes that are not UTF-8.
    write_atomically(out, html.encode(errors="backslashreplace"))


def _html(
    sections: Sequence[RunSection], compared: Sequence[Compared], metric: str | None, plotly: str
) -> str:
    """The page; ``metric`` has ranked the runs, and ``plotly`` is the library for its charts."""
    names = _names(sections)
    return (
        _environment()
        .get_template("page.html")
        .render(
            plotly=plotly,
            sections=sections,
            names=names,
            compared=compared,
            metrics=comparison.metric_names(compared),
            metric=metric,
            overlaid=_overlaid(names, sections) if len(sections) > 1 else [],
            version=ganzoo.__version__,
            date=time.strftime("%Y-%m-%d %H:%M"),
        )
    )


def _plotly() -> str:
    """The JavaScript library that draws the charts."""
    require_package("plotly", "a report", "ganzoo-toolkit[report]")
    return files("plotly").joinpath("package_data", "plotly.min.js").read_text("utf-8")


def _ranked(runs: list[Compared], sort: str | None) -> tuple[list[Compared], str | None]:
    """The runs, sorted by ``sort`` or by the first metric that all have, and that metric."""
    names = comparison.metric_names(runs)
    common = (name for name in names if all(name in run.metrics for run in runs))
    metric = sort or next(common, None)
    return (comparison.ranked(runs, metric) if metric else runs), metric


def _names(sections: Sequence[RunSection]) -> list[str]:
    """The name of each run's folder, or its path if several folders have that name."""
    counts = Counter(each.name for each in sections)
    return [each.name if counts[each.name] == 1 else each.path for each in sections]


def _overlaid(names: Sequence[str], sections: Sequence[RunSection]) -> list[Chart]:
    pairs = list(zip(names, sections, strict=True))
    curves = [(name, [c for c in each.curves if c.title in _OVERLAID]) for name, each in pairs]
    return overlay(curves) + overlay([(name, each.metrics) for name, each in pairs])


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "format_value": format_value,
        "duration": _duration,
        "rounded": _rounded,
    }
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
    """A number as text, such as 1,234 or 0.01235."""
    if number is None:
        return "–"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
