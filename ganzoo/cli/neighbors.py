"""``ganzoo neighbors``: generated images with their nearest real images."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ganzoo.cli.options import (
    Checkpoint,
    ClassName,
    ConditionText,
    Device,
    Force,
    GeneratorArgument,
    Json,
    file_path,
    use_cores,
)
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from ganzoo.output.neighbors import Neighbor

Out = Annotated[
    Path,
    typer.Option(
        metavar="FILE",
        help="The image file to write: each row is a generated image and its neighbors.",
        parser=file_path,
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change, such as dataset.path."),
]
Count = Annotated[int, typer.Option(min=1, help="Number of images to generate.")]
NeighborCount = Annotated[
    int, typer.Option("--neighbors", min=1, help="Number of real images to show for each.")
]
By = Annotated[Literal["features", "pixels"], typer.Option(help="Compare features or pixels.")]
Seed = Annotated[
    int, typer.Option(min=0, help="Random seed; `ganzoo generate` makes the same images with it.")
]


def neighbors(
    run: GeneratorArgument,
    out: Out,
    changes: Changes = None,
    count: Count = 8,
    neighbor_count: NeighborCount = 5,
    by: By = "features",
    seed: Seed = 0,
    class_name: ClassName = None,
    condition: ConditionText = None,
    checkpoint: Checkpoint = "last",
    device: Device = "cpu",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Find the real images that are nearest to generated images, to detect memorization.

    A generated image may be a copy if its `distance` to a real image is much
    smaller than `real to real`, the distance of that real image to the nearest
    other real image. At most `evaluate.real` real images are searched; the
    setting `extractor` chooses the features.

    Examples:
    - `ganzoo neighbors RUN --out neighbors.png`
    - `ganzoo neighbors RUN extractor=random --count 20 --seed 7 --out neighbors.png`
    - `ganzoo neighbors RUN --by pixels --neighbors 3 --out neighbors.png --json`

    """
    from ganzoo.cli.moved_dataset import hint_if_dataset_moved
    from ganzoo.existing_runs import generator_of, stored_settings
    from ganzoo.observers.console import ProgressBar
    from ganzoo.observers.observer import ending
    from ganzoo.output.files import check_free, save_side_by_side
    from ganzoo.output.neighbors import NearestNeighbors
    from ganzoo.run import Run

    check_free(out, force=force)
    settings = stored_settings(run)
    settings.override(changes or [])
    resolved = Run.resolve(settings, recommend=False, measure=True)
    use_cores()
    trained = generator_of(run, resolved, checkpoint).to(device)
    generated = trained.generate(count, seed, class_name, condition=condition)
    with ending(ProgressBar()) as progress, hint_if_dataset_moved(trained.run):
        real = NearestNeighbors(trained, by, device, progress)
    nearest, nearest_images = real.nearest(generated, neighbor_count)
    save_side_by_side(generated, nearest_images, out)
    if as_json:
        print(json.dumps([[asdict(each) for each in row] for row in nearest], indent=2))
    else:
        print(*table(list(_rows(nearest))), sep="\n")
        print(f"{out}: {count} generated images, compared with {len(real)} real images by {by}")


def _rows(nearest: Sequence[Sequence[Neighbor]]) -> Iterator[Sequence[str]]:
    yield ("generated", "neighbor", "distance", "real to real", "real image")
    for image, neighbors in enumerate(nearest):
        for rank, each in enumerate(neighbors, 1):
            real_to_real = "-" if each.among_real is None else f"{each.among_real:.4g}"
            yield (str(image), str(rank), f"{each.distance:.4g}", real_to_real, each.name)
