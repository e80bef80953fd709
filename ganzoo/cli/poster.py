"""``ganzoo poster``: one large image about a trained generator."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ganzoo.cli.options import (
    Checkpoint,
    Device,
    Force,
    GeneratorArgument,
    Truncation,
    file_path,
    trained_generator,
)

if TYPE_CHECKING:
    from PIL import Image

    from ganzoo.output.poster.poster import Poster
    from ganzoo.output.trained_generator import TrainedGenerator

_of_page = partial(typer.Option, rich_help_panel="The page")

Out = Annotated[
    Path,
    typer.Option(
        metavar="FILE", help="The .png, .jpg, .tif or .pdf file to write.", parser=file_path
    ),
]
Title = Annotated[
    str | None, typer.Option(metavar="TEXT", help="The title; default: architecture and dataset.")
]
Count = Annotated[int, typer.Option(min=1, max=1000, help="About how many images fill the grid.")]
BestOf = Annotated[
    int,
    typer.Option(
        min=1,
        max=1000,
        metavar="N",
        help="Of every N images, show the one with the discriminator's highest score.",
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Random seed of the latents.")]
PaperSize = Annotated[
    Literal["a1", "a2", "a3", "a4", "letter", "tabloid", "square"],
    _of_page(help="The size of the paper; square is 300 mm."),
]
Landscape = Annotated[bool, _of_page("--landscape", help="Make it wider than high.")]
Dpi = Annotated[int, _of_page(min=50, max=600, help="Pixels per inch.")]
Theme = Annotated[Literal["light", "dark"], _of_page(help="The color of the background.")]
RepeatPixels = Annotated[
    bool,
    _of_page("--repeat-pixels", help="Enlarge images by repeating pixels, not by interpolation."),
]
Font = Annotated[
    Path | None,
    _of_page(
        metavar="FILE",
        help="A font file (.ttf, .otf), for other letters than those of the built-in font.",
    ),
]


def poster(
    run: GeneratorArgument,
    out: Out,
    title: Title = None,
    count: Count = 40,
    best_of: BestOf = 8,
    seed: Seed = 0,
    truncation: Truncation = 1.0,
    paper: PaperSize = "a3",
    landscape: Landscape = False,
    dpi: Dpi = 200,
    theme: Theme = "light",
    repeat_pixels: RepeatPixels = False,
    font: Font = None,
    checkpoint: Checkpoint = "last",
    device: Device = "cpu",
    force: Force = False,
) -> None:
    """Draw a poster: the best generated images, the training in samples, and numbers.

    A conditional generator gets a row for each class or value. The samples of
    the training need the run folder; an exported file has none, and no
    discriminator that chooses images.

    Examples:
    - `ganzoo poster RUN --out poster.png`
    - `ganzoo poster RUN --paper a2 --dpi 300 --theme dark --out poster.pdf`
    - `ganzoo poster RUN --landscape --title "My flowers" --best-of 16 --out poster.png`

    """
    from ganzoo.output.poster.file import check_free, save
    from ganzoo.output.poster.generated import Choice
    from ganzoo.output.poster.paper import Paper
    from ganzoo.output.poster.poster import Poster

    page = Paper(paper, landscape, dpi)
    check_free(out, page, force=force)
    wanted = Poster(
        paper=page,
        theme=theme,
        font=font,
        repeat_pixels=repeat_pixels,
        title=title,
        choice=Choice(count, best_of, seed, truncation),
    )
    trained = trained_generator(run, checkpoint, device)
    save(_draw(wanted, trained), out, dpi)
    print(out)


def _draw(poster: Poster, trained: TrainedGenerator) -> Image.Image:
    """Draw it, and show how many images are generated."""
    from ganzoo.observers.console import show_progress

    with show_progress("image", "generating images") as update:
        done = left = 0

        def on_images(new: int, more: int) -> None:
            nonlocal done, left
            done, left = done + new, left + more
            update(done, done + left)

        return poster.draw(trained, on_images)
