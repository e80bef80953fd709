"""``ganzoo neighbors``: generated images beside the real ones that are nearest to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ganzoo.cli.options import Checkpoint, ClassName, Device, Force, Json, one_file
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from ganzoo.output.neighbors import Neighbor


def neighbors(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="An image, with a row for each generated one.", parser=one_file
        ),
    ],
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change, such as dataset.path."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many generated images.")] = 8,
    beside: Annotated[
        int, typer.Option("--neighbors", min=1, help="How many real ones beside each.")
    ] = 5,
    by: Annotated[
        Literal["features", "pixels"], typer.Option(help="What makes them near.")
    ] = "features",
    seed: Annotated[int, typer.Option(min=0, help="Which images; those of generate.")] = 0,
    class_name: ClassName = None,
    checkpoint: Checkpoint = "last",
    device: Device = "cpu",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show generated images, each beside the real ones that are nearest to it.

    An image that is nearer to a real one than other real ones are may be a copy of it. Real ones
    are at most `evaluate.real`, from all over; features are those of `extractor`.

    Examples:
    - `ganzoo neighbors RUN --out neighbors.png`
    - `ganzoo neighbors RUN extractor=random --count 20 --seed 7 --out neighbors.png`
    - `ganzoo neighbors RUN --by pixels --neighbors 3 --out neighbors.png --json`

    """
    from ganzoo.api import stored_settings
    from ganzoo.cli.moved import naming_moved
    from ganzoo.folders import RunFolder
    from ganzoo.observers.console import ProgressBar
    from ganzoo.output.files import check_free, save_side_by_side
    from ganzoo.output.neighbors import NearestNeighbors
    from ganzoo.output.trained import TrainedRun
    from ganzoo.run import Run

    check_free(out, force=force)
    folder = RunFolder.open(run)
    settings = stored_settings(folder)
    settings.override(changes or [])
    trained = TrainedRun(folder, Run.resolve(settings, recommend=False), checkpoint).to(device)
    made = trained.generate(count, seed, class_name)
    observer = ProgressBar()
    try:
        with naming_moved(trained.run):
            real = NearestNeighbors(trained, by, device, observer)
    finally:
        observer.on_end()
    found, near = real.nearest(made, beside)
    save_side_by_side(made, near, out)
    if as_json:
        print(json.dumps([[asdict(each) for each in row] for row in found], indent=2))
    else:
        print(*table(list(_rows(found))), sep="\n")
        print(f"{out}: {count} generated images among {len(real)} real ones, by {by}")


def _rows(found: Sequence[Sequence[Neighbor]]) -> Iterator[Sequence[str]]:
    yield ("generated", "nearest", "distance", "among real", "image")
    for image, row in enumerate(found):
        for rank, each in enumerate(row, 1):
            among_real = "-" if each.among_real is None else f"{each.among_real:.4g}"
            yield (str(image), str(rank), f"{each.distance:.4g}", among_real, each.name)
