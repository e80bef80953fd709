"""``ganzoo report``: a page about a run, or about several side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.options import Device, Force, one_file


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="The runs' folders.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The page, an .html file.", parser=one_file)
    ],
    sort: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="The best by this number of evaluations first."),
    ] = None,
    dataset: Annotated[
        bool,
        typer.Option(help="Whether to open the images it was trained on, for neighbors."),
    ] = True,
    device: Device = "cpu",
    force: Force = False,
) -> None:
    """Write a page about a run, with curves, samples over time and metrics; or about several.

    It is one file that opens from disk, loads nothing, and can be sent to others.

    Examples:
    - `ganzoo report RUN --out report.html`
    - `ganzoo report runs/one runs/other --sort kid --out report.html`

    """
    from ganzoo.folders import RunFolder
    from ganzoo.output.report.page import check_free

    check_free(out, force=force)
    folders = {path.resolve(): RunFolder.open(path) for path in runs}

    from ganzoo.observers.console import ProgressBar
    from ganzoo.output.report.page import write

    observer = ProgressBar()
    try:
        write(list(folders.values()), out, observer, sort=sort, device=device, dataset=dataset)
    finally:
        observer.on_end()
    print(out)
