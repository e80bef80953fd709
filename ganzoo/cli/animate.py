"""``ganzoo animate``: a run's samples as a film, or a walk through its latent space."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.options import Force, one_file

if TYPE_CHECKING:
    from PIL import Image

    from ganzoo.output.trained import TrainedRun

_WALK = "A walk (with --walk)"


def animate(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="A .gif, .mp4 or .webp file.", parser=one_file)
    ],
    force: Force = False,
    last: Annotated[
        int | None, typer.Option(min=1, help="Only this many of the newest sample grids.")
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(min=0.1, max=50, help="Frames a second: 20 in walks, 5 in films by default."),
    ] = None,
    walk: Annotated[
        int | None,
        typer.Option(min=2, help="Walk past this many latents instead.", rich_help_panel=_WALK),
    ] = None,
    frames: Annotated[
        int, typer.Option(min=1, help="From one latent to the next.", rich_help_panel=_WALK)
    ] = 30,
    count: Annotated[
        int, typer.Option(min=1, help="Walks side by side.", rich_help_panel=_WALK)
    ] = 9,
    seed: Annotated[
        int,
        typer.Option(min=0, help="Which walks; the same seed, the same.", rich_help_panel=_WALK),
    ] = 0,
    class_name: Annotated[
        str | None,
        typer.Option(
            "--class", metavar="NAME", help="Only images of this class.", rich_help_panel=_WALK
        ),
    ] = None,
    truncation: Annotated[
        float,
        typer.Option(
            metavar="PSI",
            help="Below 1, latents nearer to their mean: less diverse images.",
            rich_help_panel=_WALK,
        ),
    ] = 1.0,
    checkpoint: Annotated[
        str, typer.Option(metavar="WHICH", help="last, best or a step.", rich_help_panel=_WALK)
    ] = "last",
    device: Annotated[
        str, typer.Option(help="cpu, cuda, cuda:N or mps.", rich_help_panel=_WALK)
    ] = "cpu",
) -> None:
    """Make a film of a run's sample grids, or of a walk through its latent space.

    A walk goes past some latents and back to the first, so that it repeats without a jump.

    Examples:
    - `ganzoo animate RUN --out film.gif`
    - `ganzoo animate RUN --last 50 --fps 10 --out film.mp4`
    - `ganzoo animate RUN --walk 8 --out walk.gif`
    - `ganzoo animate RUN --walk 5 --count 1 --frames 60 --seed 7 --class daisy --out daisy.mp4`

    """
    from ganzoo import api
    from ganzoo.errors import RequestError
    from ganzoo.folders import RunFolder
    from ganzoo.output.animation import check_free, grid_frames, sample_grids

    check_free(out, force=force)
    if walk is None:
        _refuse_options_of_walks(context)
        grids = sample_grids(RunFolder.open(run), last)
        _write(grid_frames(grids), len(grids), out, fps or 5)
    elif last is None:
        trained = api.load(run, checkpoint).to(device)
        made = _walk(trained, walk, frames, count, seed, class_name, truncation)
        _write(made, walk * frames, out, fps or 20)
    else:
        raise RequestError("--last is for films and --walk for walks: leave one of them out")
    print(out)


def _refuse_options_of_walks(context: typer.Context) -> None:
    from ganzoo.errors import RequestError

    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        given = source is not None and source.name == "COMMANDLINE"
        if given and getattr(option, "rich_help_panel", None) == _WALK:
            raise RequestError(f"{option.opts[0]} is for walks: add --walk N, or leave it out")


def _walk(
    run: TrainedRun,
    number: int,
    frames: int,
    count: int,
    seed: int,
    class_name: str | None,
    truncation: float,
) -> Iterator[Image.Image]:
    from ganzoo.output.walk import keyframe_latents, walk

    generator = run.truncated(truncation)
    labels = run.labels(count, seed, class_name)
    return walk(generator, keyframe_latents(generator, number, count, seed), frames, labels)


def _write(frames: Iterator[Image.Image], total: int, out: Path, fps: float) -> None:
    """Write frames as they are made, with a bar in a terminal, else with a line."""
    from ganzoo.observers.console import counting
    from ganzoo.output.animation import write

    with counting("frame", "making {} frames") as show:

        def counted() -> Iterator[Image.Image]:
            show(0, total)
            for done, frame in enumerate(frames, 1):
                yield frame
                show(done, total)

        write(counted(), out, fps)
