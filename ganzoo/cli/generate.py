"""``ganzoo generate``: new images from a trained run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.options import Checkpoint, ClassName, Device, Force, Out


def generate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    out: Annotated[
        Out,
        typer.Option(
            metavar="FOLDER/-or-FILE",
            help="A folder for single images, or one grid file.",
            parser=Out.of,
        ),
    ],
    count: Annotated[
        int | None,
        typer.Option(min=1, help="How many images: 64 by default, 8 with --each-class."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Which images; the same seed, the same.")] = 0,
    class_name: ClassName = None,
    each_class: Annotated[
        bool,
        typer.Option(
            "--each-class", help="A grid with a row per class and its name, of the same latents."
        ),
    ] = False,
    truncation: Annotated[
        float,
        typer.Option(
            metavar="PSI", help="Below 1, latents nearer to their mean: less diverse images."
        ),
    ] = 1.0,
    checkpoint: Checkpoint = "last",
    device: Device = "cpu",
    force: Force = False,
) -> None:
    """Make new images with a run's averaged generator.

    Examples:
    - `ganzoo generate RUN --out grid.png`
    - `ganzoo generate RUN --count 1000 --seed 7 --class daisy --out daisies/`
    - `ganzoo generate RUN --truncation 0.7 --out usual.png`
    - `ganzoo generate RUN --each-class --count 10 --out classes.png`

    """
    from ganzoo import api
    from ganzoo.errors import RequestError
    from ganzoo.folders import check_folder_free
    from ganzoo.output.files import check_free, save_class_grid, save_grid, save_images

    if each_class or not out.is_folder:
        check_free(out.path, force=force)
    else:
        check_folder_free(out.path, force=force)
    if each_class:
        if class_name is not None:
            raise RequestError("--each-class is for all of them: leave --class out")
        trained = api.load(run, checkpoint).to(device)
        made = trained.generate_each_class(count or 8, seed, truncation)
        save_class_grid(made, trained.class_names, out.path)
        print("rows:", ", ".join(trained.class_names), file=sys.stderr)
    else:
        trained = api.load(run, checkpoint).to(device)
        made = trained.generate(count or 64, seed, class_name, truncation)
        if out.is_folder:
            save_images(made, out.path, seed)
        else:
            save_grid(made, out.path)
    print(out.path)
