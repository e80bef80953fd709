"""``ganzoo project``: given images, as near as a run's generator comes to them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.options import Checkpoint, ClassName, Device, Force, Json, one_file
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from ganzoo.output.projection import Projection, Projector


def project(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    given: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Image files.")],
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="An image: given ones, each beside its nearest.", parser=one_file
        ),
    ],
    steps: Annotated[int, typer.Option(min=1, help="Steps of the search, for each image.")] = 300,
    seed: Annotated[
        int, typer.Option(min=0, help="Where it begins; the same seed, the same result.")
    ] = 0,
    class_name: ClassName = None,
    latents: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.npy", help="Keep the latents that are found here.", parser=one_file
        ),
    ] = None,
    checkpoint: Checkpoint = "last",
    device: Device = "cpu",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show how near a run's averaged generator comes to given images.

    They are prepared as the run's own; then latents are searched for, from the nearest of 256
    random ones, for so many steps. Distances are those of pixels from 0 to 255.

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
    originals = [prepare_image(trained, path) for path in given]

    import torch

    began = time.perf_counter()
    found = _projected(Projector(trained, steps, seed, class_name), originals)
    seconds = time.perf_counter() - began
    save_side_by_side(torch.stack(originals), torch.stack([f.image for f in found])[:, None], out)
    if latents is not None:
        _save(torch.stack([f.latents for f in found]), latents)
    rows = [_row(*each, trained.class_names) for each in zip(given, found, strict=True)]
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        print(*_told(rows), sep="\n")
        print(f"{out}: {len(rows)} x {steps} steps in {seconds:.0f} s")


def _projected(projector: Projector, originals: Sequence[Tensor]) -> list[Projection]:
    """Each by itself, with a bar of all their steps in a terminal, else with a line."""
    from ganzoo.observers.console import counting

    total = len(originals) * projector.steps
    with counting("step", "searching in {} steps") as show:
        done = 0
        show(done, total)

        def stepped() -> None:
            nonlocal done
            done += 1
            show(done, total)

        return [projector(image, stepped) for image in originals]


def _row(path: Path, found: Projection, class_names: Sequence[str]) -> dict[str, Any]:
    named = {} if found.label is None else {"class": class_names[found.label]}
    return {
        "image": str(path),
        "distance": found.distance,
        "random": found.random_distance,
        "length": found.length,
        **named,
    }


def _told(rows: Sequence[dict[str, Any]]) -> list[str]:
    cells = [[_cell(value) for value in row.values()] for row in rows]
    return list(table([list(rows[0]), *cells]))


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _check_latents(path: Path, force: bool) -> None:
    from ganzoo.errors import RequestError
    from ganzoo.folders import check_free

    if path.suffix != ".npy":
        raise RequestError(f"{path}: latents are kept in a file that ends in .npy")
    check_free(path, force=force, option="--latents")


def _save(latents: Tensor, path: Path) -> None:
    import numpy as np

    from ganzoo.folders import replacing

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part, part.open("wb") as file:
        np.save(file, latents.numpy(), allow_pickle=False)
