"""``ganzoo project``: latents whose images are nearest to given images."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.options import (
    Checkpoint,
    ConditionText,
    Device,
    Force,
    Json,
    RunArgument,
    file_path,
)
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from ganzoo.output.projection import Projection, Projector


def project(
    run: RunArgument,
    paths: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="The image files to project.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="The image file to write: each row is a given image and its projection.",
            parser=file_path,
        ),
    ],
    steps: Annotated[
        int, typer.Option(min=1, help="Number of optimization steps per image.")
    ] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the first latents.")] = 0,
    class_name: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="NAME",
            help="Use this class; default: choose the class that fits best.",
        ),
    ] = None,
    condition: ConditionText = None,
    latents: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.npy",
            help="Also save the latents of the projections in this file.",
            parser=file_path,
        ),
    ] = None,
    checkpoint: Checkpoint = "last",
    device: Device = "cpu",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Project images into the latent space of a run's EMA generator.

    The images are cropped and resized like the training images. The best of 256
    random latents are then optimized to reproduce each image. `distance` is the
    root mean square difference of pixel values from 0 to 255; `random` is the
    distance of the best random latents.

    Examples:
    - `ganzoo project RUN photo.jpg --out projected.png`
    - `ganzoo project RUN a.jpg b.jpg --steps 1000 --out projected.png --latents found.npy`

    """
    from ganzoo import api
    from ganzoo.output.files import check_free, save_side_by_side
    from ganzoo.output.projection import Projector, prepare_image

    check_free(out, force=force)
    if latents is not None:
        _check_latents(latents, force)
    trained = api.load(run, checkpoint).to(device)
    images = [prepare_image(trained, path) for path in paths]

    import torch

    start = time.perf_counter()
    projections = _project(Projector(trained, steps, seed, class_name, condition), images)
    seconds = time.perf_counter() - start
    save_side_by_side(
        torch.stack(images), torch.stack([p.image for p in projections])[:, None], out
    )
    if latents is not None:
        _save_latents(torch.stack([p.latents for p in projections]), latents)
    rows = [_row(*each) for each in zip(paths, projections, strict=True)]
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        print(*_table(rows), sep="\n")
        print(f"{out}: {len(rows)} x {steps} steps in {seconds:.0f} s")


def _project(projector: Projector, images: Sequence[Tensor]) -> list[Projection]:
    """The projection of each image; shows the progress of all their steps."""
    from ganzoo.observers.console import show_progress

    total = len(images) * projector.steps
    with show_progress("step", "projecting in {} steps") as update:
        done = 0
        update(done, total)

        def on_step() -> None:
            nonlocal done
            done += 1
            update(done, total)

        return [projector(image, on_step) for image in images]


def _row(path: Path, projection: Projection) -> dict[str, Any]:
    conditions = projection.condition
    return {
        "image": str(path),
        "distance": projection.distance,
        "random": projection.random_distance,
        "length": projection.length,
        **({} if conditions is None else {"condition": conditions}),
    }


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    cells = [[_cell(value) for value in row.values()] for row in rows]
    return list(table([list(rows[0]), *cells]))


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _check_latents(path: Path, force: bool) -> None:
    from ganzoo.errors import RequestError
    from ganzoo.folders import check_free

    if path.suffix != ".npy":
        raise RequestError(
            f"{path}: --latents writes a NumPy file: choose a name that ends in .npy"
        )
    check_free(path, force=force, option="--latents")


def _save_latents(latents: Tensor, path: Path) -> None:
    import numpy as np

    from ganzoo.folders import replacing

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part, part.open("wb") as file:
        np.save(file, latents.numpy(), allow_pickle=False)
