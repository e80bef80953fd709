"""The options of ``ganzoo generate`` that move images along directions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.errors import RequestError

if TYPE_CHECKING:
    from ganzoo.output.trained_generator import TrainedGenerator

DIRECTIONS_HELP = "A file of `ganzoo directions`."
Along = Annotated[
    str | None,
    typer.Option(
        metavar="NAME=AMOUNT,...",
        help="Move all images along directions of --directions, by so many standard deviations.",
    ),
]
DirectionsFile = Annotated[
    Path | None, typer.Option("--directions", metavar="FILE", help=DIRECTIONS_HELP)
]


def moved_along(
    trained: TrainedGenerator, along: str | None, directions: Path | None
) -> TrainedGenerator:
    """The trained generator, whose images are moved if the options say so.

    Raises RequestError if one option is missing, or if they do not fit.
    """
    if along is None:
        if directions is not None:
            raise RequestError("--directions requires --along NAME=AMOUNT: add it, or remove it")
        return trained
    if directions is None:
        raise RequestError("--along requires --directions FILE, which `ganzoo directions` writes")
    from ganzoo.output.directions.moved import moved
    from ganzoo.output.directions.saved import Directions, parse_amounts

    return moved(trained, Directions.read(directions), parse_amounts(along))
