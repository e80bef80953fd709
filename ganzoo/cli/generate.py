"""``ganzoo generate``: new pictures from a trained run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def generate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    out: Annotated[
        Path,
        typer.Option(metavar="DIR-or-FILE", help="A folder for single pictures, or one grid file."),
    ],
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Which pictures; the same seed, the same.")] = 0,
    class_name: Annotated[
        str | None, typer.Option("--class", metavar="NAME", help="Only pictures of this class.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:N or mps.")] = "cpu",
) -> None:
    """Make new pictures with a run's averaged generator.

    Examples: `ganzoo generate RUN --out grid.png`,
    `ganzoo generate RUN --count 1000 --seed 7 --class daisy --out daisies/`.
    """
    from ganzoo import api
    from ganzoo.output.files import check_free, save_grid, save_singly

    check_free(out)
    made = api.load(run).to(device).generate(count, seed, class_name)
    if out.suffix:
        save_grid(made, out)
    else:
        save_singly(made, out, seed)
    print(out)
