"""``ganzoo generate``: images from a trained run's generator."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.moved_images import Along, DirectionsFile, moved_along
from ganzoo.cli.options import (
    Checkpoint,
    ClassName,
    ConditionText,
    Device,
    Force,
    GeneratorArgument,
    OutputPath,
    Truncation,
    refuse_given,
    trained_generator,
)
from ganzoo.errors import RequestError

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.output.trained_generator import TrainedGenerator

Out = Annotated[
    OutputPath,
    typer.Option(
        metavar="FOLDER|FILE",
        help="A folder for one file per image, or an image file for one grid of all images.",
        parser=OutputPath.of,
    ),
]
Count = Annotated[
    int | None,
    typer.Option(min=1, help="Number of images; default 64, or 8 per row with --each-class."),
]
Seed = Annotated[
    int, typer.Option(min=0, help="Random seed of the latents; image i depends on it and on i.")
]
EachClass = Annotated[
    bool,
    typer.Option(
        "--each-class",
        help="Write a grid with one labeled row per class, or per value from low to high; "
        "all rows use the same latents.",
    ),
]
LatentsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Generate the images of the latents in this file, such as those that `ganzoo "
        "project` saved.",
    ),
]


def generate(
    context: typer.Context,
    run: GeneratorArgument,
    out: Out,
    count: Count = None,
    seed: Seed = 0,
    class_name: ClassName = None,
    condition: ConditionText = None,
    each_class: EachClass = False,
    truncation: Truncation = 1.0,
    latents: LatentsFile = None,
    along: Along = None,
    directions: DirectionsFile = None,
    checkpoint: Checkpoint = "last",
    device: Device = "cpu",
    force: Force = False,
) -> None:
    """Generate images with a run's EMA generator.

    Examples:
    - `ganzoo generate RUN --out grid.png`
    - `ganzoo generate RUN --count 1000 --seed 7 --class daisy --out daisies/`
    - `ganzoo generate RUN --condition hue=0.7,size=0.3 --out purple.png`
    - `ganzoo generate RUN --truncation 0.7 --out truncated.png`
    - `ganzoo generate RUN --each-class --count 10 --out classes.png`
    - `ganzoo generate RUN --latents found.safetensors --out projected/`
    - `ganzoo generate RUN --along hue-red=2 --directions found.safetensors --out red.png`

    """
    from ganzoo.output.files import check_free, save_class_grid, save_grid, save_images
    from ganzoo.overwriting import check_folder_free

    if each_class or not out.is_folder:
        check_free(out.path, force=force)
    else:
        check_folder_free(out.path, force=force)
    if latents is not None:
        random = ("seed", "class_name", "condition", "each_class", "truncation")
        refuse_given(context, random, "changes random latents: remove it, or --latents")
    if each_class and (class_name is not None or condition is not None):
        given = "--class" if condition is None else "--condition"
        raise RequestError(f"--each-class generates all classes or values: remove {given}")
    trained = moved_along(trained_generator(run, checkpoint, device), along, directions)
    if each_class:
        images = trained.generate_rows(count or 8, seed, truncation)
        save_class_grid(images, trained.row_names, out.path)
        print("rows:", ", ".join(trained.row_names), file=sys.stderr)
    else:
        if latents is None:
            images = trained.generate(count or 64, seed, class_name, truncation, condition)
        else:
            images = _saved_images(trained, latents, count)
        if out.is_folder:
            save_images(images, out.path, f"seed{seed}" if latents is None else "latents")
        else:
            save_grid(images, out.path)
    print(out.path)


def _saved_images(trained: TrainedGenerator, path: Path, count: int | None) -> Tensor:
    from ganzoo.output.latent_space import LatentSpace
    from ganzoo.output.saved_latents import SavedLatents

    saved = SavedLatents.read_for(trained, path)
    if count is not None and count > len(saved.points):
        raise RequestError(
            f"--count {count}: {path} has the latents of {len(saved.points)} images; leave out "
            "--count to generate all of them"
        )
    conditions = None if saved.conditions is None else saved.conditions[:count]
    return LatentSpace(trained.generator).pixels(saved.points[:count], conditions)
