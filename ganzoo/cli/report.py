"""``ganzoo report``: an HTML page about one run, or a comparison of several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.compared_runs import Runs, SortMetric, folders_of
from ganzoo.cli.options import Device, Force, file_path, use_cores


def report(
    runs: Runs,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="The .html file to write.", parser=file_path)
    ],
    sort: SortMetric = None,
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
    from ganzoo.observers.console import ProgressBar
    from ganzoo.observers.observer import ending
    from ganzoo.output.report.page import check_free, write
    from ganzoo.sweeps.halved_runs import rungs_of

    check_free(out, force=force)
    folders = folders_of(runs)
    rungs = rungs_of(folders)
    use_cores()
    with ending(ProgressBar()) as progress:
        write(folders, out, progress, sort=sort, device=device, dataset=dataset, rungs=rungs)
    print(out)
