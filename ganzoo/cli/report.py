"""``ganzoo report``: an HTML page about one run, or a comparison of several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.options import Device, Force, file_path


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="Run folders, or sweep folders, which stand for all their runs."
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The .html file to write.", parser=file_path)
    ],
    sort: Annotated[
        str | None,
        typer.Option(metavar="METRIC", help="Sort the runs by this metric, best first."),
    ] = None,
    dataset: Annotated[
        bool,
        typer.Option(
            help="Open the dataset to show the nearest real images; --no-dataset skips that part."
        ),
    ] = True,
    device: Device = "cpu",
    force: Force = False,
) -> None:
    """Write an HTML page about one or more runs: loss curves, samples over time and metrics.

    The page is a single file without external resources, so it can be sent to
    others.

    Examples:
    - `ganzoo report RUN --out report.html`
    - `ganzoo report runs/one runs/other --sort kid --out report.html`

    """
    from ganzoo.cli.compare import run_folders
    from ganzoo.output.report.page import check_free
    from ganzoo.sweeps.halved_runs import rungs_of

    check_free(out, force=force)
    folders = run_folders(runs)

    from ganzoo.observers.console import ProgressBar
    from ganzoo.output.report.page import write

    observer = ProgressBar()
    try:
        write(
            folders,
            out,
            observer,
            sort=sort,
            device=device,
            dataset=dataset,
            rungs=rungs_of(folders),
        )
    finally:
        observer.on_end()
    print(out)
