"""``ganzoo directions``: directions of a run's latent space, and a grid of images along them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ganzoo.cli.options import (
    Checkpoint,
    Device,
    Force,
    GeneratorArgument,
    Json,
    file_path,
    trained_generator,
)
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from ganzoo.output.directions.saved import Directions
    from ganzoo.output.trained_generator import TrainedGenerator

Method = Literal["gradients", "weights", "pca"]
MethodOption = Annotated[
    Method | None,
    typer.Option(
        help="gradients: largest changes of the image. weights: singular vectors of the first "
        "layer. pca: principal components of intermediate latents. Default: gradients, or "
        "none with --from."
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        metavar="FILE.safetensors",
        help="The file to write; a grid of images along the directions is written beside it, "
        "as FILE.png.",
        parser=file_path,
    ),
]
Count = Annotated[int, typer.Option(min=1, max=1000, help="Number of directions of the method.")]
Scalars = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="NAME",
        help="A direction along which this rises: brightness, contrast, saturation, hue (two "
        "directions), classes (one for each), or a Python function FILE.py:FUNCTION or "
        "MODULE:FUNCTION from images to numbers; can be given several times.",
    ),
]
Images = Annotated[
    int,
    typer.Option(min=8, metavar="N", help="Number of random latents or generated images to use."),
]
Seed = Annotated[int, typer.Option(min=0, help="Random seed of the images in the grid.")]


def directions(
    run: GeneratorArgument,
    out: Out,
    method: MethodOption = None,
    count: Count = 5,
    scalars: Scalars = None,
    images: Images = 4096,
    seed: Seed = 0,
    checkpoint: Checkpoint = "last",
    device: Device = "cpu",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Find directions of a generator's latent space, and show images along them.

    The file is for `--along` of `ganzoo generate` and `--direction` of `ganzoo
    animate`. `std` is the standard deviation of random latents along a direction. `explained`
    is the share of all changes that a direction of a method has; with --from, the share of the
    number's variance that a linear function of the latents predicts.

    Examples:
    - `ganzoo directions RUN --out found.safetensors`
    - `ganzoo directions RUN --from hue --from brightness --out colors.safetensors`
    - `ganzoo directions RUN --method weights --count 10 --out ten.safetensors`

    """
    from ganzoo import imaging, tensor_file
    from ganzoo.output.directions import images as images_of
    from ganzoo.overwriting import check_free, check_no_input

    grid = out.with_suffix(".png")
    for path in (out, grid):
        check_no_input(path, [run])
    tensor_file.check_free(out, force=force)
    check_free(grid, force=force)
    trained = trained_generator(run, checkpoint, device)
    found = _found(trained, method, scalars or [], count, images)
    pixels = images_of.grid(trained, found, seed=seed)
    found.save(out)
    imaging.save_image(pixels, grid)
    rows = [{"name": d.name, "std": d.std, "explained": d.explained} for d in found]
    if as_json:
        print(json.dumps({"method": found.notes["method"], "directions": rows}, indent=2))
    else:
        cells = [[d.name, f"{d.std:.3g}", f"{d.explained:.3f}"] for d in found]
        print(*table([list(rows[0]), *cells]), sep="\n")
        print(f"{out}, {grid}: {found.space}, by {found.notes['method']}")


def _found(
    trained: TrainedGenerator,
    method: Method | None,
    scalars: list[str],
    count: int,
    images: int,
) -> Directions:
    from ganzoo.output.directions import finding

    if not scalars:
        return finding.by_method(trained, method or "gradients", count, images)
    by_names = finding.by_names(trained, scalars, images)
    if method is None:
        return by_names
    return by_names + finding.by_method(trained, method, count, images)
