"""``ganzoo animate``: a video of a run's sample grids, or of a latent-space walk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ganzoo.cli.moved_images import DIRECTIONS_HELP
from ganzoo.cli.options import (
    CHECKPOINT_HELP,
    CONDITION_HELP,
    DEVICE_HELP,
    TRUNCATION_HELP,
    Force,
    GeneratorArgument,
    file_path,
)

if TYPE_CHECKING:
    from PIL import Image

    from ganzoo.output.directions.saved import Direction
    from ganzoo.output.trained_generator import TrainedGenerator
    from ganzoo.output.walk import Easing

_WALK = "Images of the generator (with --walk, --between or --direction)"
_RANDOM = ("walk", "count", "seed", "class_name", "condition", "truncation")
"""The options of a walk between random latents."""


def animate(
    context: typer.Context,
    run: GeneratorArgument,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="The .gif, .mp4 or .webp file to write.", parser=file_path
        ),
    ],
    force: Force = False,
    last: Annotated[
        int | None, typer.Option(min=1, help="Use only the newest N sample grids.", metavar="N")
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(
            min=0.1, max=50, help="Frames per second; default 5 for sample grids, 20 for walks."
        ),
    ] = None,
    max_mb: Annotated[
        float | None,
        typer.Option(
            "--max-mb",
            min=0.01,
            metavar="MB",
            help="Largest size of the file in 1,000,000 bytes: quality, frames per second and "
            "size are reduced until it fits.",
        ),
    ] = None,
    walk: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="N",
            help="Make a latent-space walk through N random latents instead.",
            rich_help_panel=_WALK,
        ),
    ] = None,
    direction: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Move images along this direction of --directions, and back, instead.",
            rich_help_panel=_WALK,
        ),
    ] = None,
    directions: Annotated[
        Path | None, typer.Option(metavar="FILE", help=DIRECTIONS_HELP, rich_help_panel=_WALK)
    ] = None,
    amount: Annotated[
        float,
        typer.Option(
            min=0.01,
            max=100,
            help="How far --direction moves to both sides, in standard deviations.",
            rich_help_panel=_WALK,
        ),
    ] = 3.0,
    between: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="FILE FILE",
            help="Make a walk from the latents in a file to those in another one, and back.",
            rich_help_panel=_WALK,
        ),
    ] = None,
    frames: Annotated[
        int,
        typer.Option(
            min=1,
            help="Number of frames from one latent to the next, or one way along a direction.",
            rich_help_panel=_WALK,
        ),
    ] = 30,
    easing: Annotated[
        Literal["linear", "smooth"],
        typer.Option(
            help="Speed between two latents: linear is constant, smooth is slow near each latent.",
            rich_help_panel=_WALK,
        ),
    ] = "linear",
    count: Annotated[
        int,
        typer.Option(
            min=1, help="Number of images, shown together in a grid.", rich_help_panel=_WALK
        ),
    ] = 9,
    seed: Annotated[
        int,
        typer.Option(min=0, help="Random seed of the latents.", rich_help_panel=_WALK),
    ] = 0,
    class_name: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="NAME",
            help="Generate images of this class only.",
            rich_help_panel=_WALK,
        ),
    ] = None,
    condition: Annotated[
        str | None,
        typer.Option(
            "--condition", metavar="NAME=VALUE,...", help=CONDITION_HELP, rich_help_panel=_WALK
        ),
    ] = None,
    truncation: Annotated[
        float,
        typer.Option(
            metavar="PSI",
            help=TRUNCATION_HELP,
            rich_help_panel=_WALK,
        ),
    ] = 1.0,
    checkpoint: Annotated[
        str, typer.Option(metavar="WHICH", help=CHECKPOINT_HELP, rich_help_panel=_WALK)
    ] = "last",
    device: Annotated[str, typer.Option(help=DEVICE_HELP, rich_help_panel=_WALK)] = "cpu",
) -> None:
    """Make a video of a run's sample grids, or of a walk through its latent space.

    A walk interpolates between random latents and ends at the first, so that it
    loops. With `--direction`, the images of random latents are moved along a
    direction of `ganzoo directions`.

    Examples:
    - `ganzoo animate RUN --out video.gif`
    - `ganzoo animate RUN --last 50 --fps 10 --out video.mp4`
    - `ganzoo animate RUN --walk 8 --out walk.gif`
    - `ganzoo animate RUN --walk 8 --easing smooth --max-mb 5 --out walk.webp`
    - `ganzoo animate RUN --walk 5 --count 1 --frames 60 --seed 7 --class daisy --out daisy.mp4`
    - `ganzoo animate RUN --direction hue-yellow --directions found.safetensors --out hue.gif`
    - `ganzoo animate RUN --between a.safetensors b.safetensors --out morph.mp4`

    """
    from ganzoo.arguments import load_generator
    from ganzoo.errors import RequestError
    from ganzoo.folders import RunFolder, is_export
    from ganzoo.output.animation import check_free, grid_frames, sample_grids

    check_free(out, force=force)
    if directions is not None and direction is None:
        raise RequestError("--directions requires --direction NAME: add it, or remove it")
    if walk is None and between is None and direction is None:
        _refuse_walk_options(context)
        if is_export(run):
            raise RequestError(f"{run} has no grids of samples: add --walk N or --direction NAME")
        grids = sample_grids(RunFolder.open(run), last)
        _write(grid_frames(grids), len(grids), out, fps or 5, max_mb)
    elif last is not None:
        raise RequestError("--last and a walk cannot be combined: remove one of them")
    elif direction is not None and (walk is not None or between is not None):
        raise RequestError("--direction and a walk cannot be combined: remove one of them")
    elif between is not None:
        _refuse_with_between(context)
        trained = load_generator(run, checkpoint).to(device)
        images = _between(trained, *between, frames, easing)
        _write(images, 2 * frames, out, fps or 20, max_mb)
    else:
        from ganzoo.output.directions.images import frames_along
        from ganzoo.output.walk import keyframe_latents
        from ganzoo.output.walk import walk as walk_frames

        trained = load_generator(run, checkpoint).to(device)
        conditions = trained.conditions(count, seed, class_name, condition)
        generator = trained.truncated(truncation)
        keyframes = keyframe_latents(generator, walk or 1, count, seed)
        if direction is None:
            images = walk_frames(generator, keyframes, frames, conditions, easing)
        else:
            offset = amount * _direction(trained, direction, directions).step
            images = frames_along(generator, keyframes[0], offset, frames, conditions, easing)
        _write(images, (walk or 2) * frames, out, fps or 20, max_mb)
    print(out)


def _refuse_walk_options(context: typer.Context) -> None:
    from ganzoo.errors import RequestError

    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        given = source is not None and source.name == "COMMANDLINE"
        if given and getattr(option, "rich_help_panel", None) == _WALK:
            raise RequestError(
                f"{option.opts[0]} requires --walk, --between or --direction: add one, or remove it"
            )


def _refuse_with_between(context: typer.Context) -> None:
    from ganzoo.errors import RequestError

    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name in _RANDOM and source is not None and source.name == "COMMANDLINE":
            raise RequestError(f"{option.opts[0]} chooses random latents: remove it, or --between")


def _between(
    trained: TrainedGenerator, start: Path, end: Path, frames: int, easing: Easing
) -> Iterator[Image.Image]:
    from ganzoo.output.latent_space import LatentSpace
    from ganzoo.output.saved_latents import SavedLatents
    from ganzoo.output.walk import point_walk

    first, second = (SavedLatents.read_for(trained, path) for path in (start, end))
    conditions = first.shared_conditions(second, f"{start} and {end}")
    points = [first.points, second.points]
    return point_walk(LatentSpace(trained.generator), points, frames, conditions, easing)


def _direction(trained: TrainedGenerator, name: str, path: Path | None) -> Direction:
    """The direction of this name, checked to belong to the generator."""
    from ganzoo.errors import RequestError
    from ganzoo.output.directions.moved import require_fit
    from ganzoo.output.directions.saved import Directions

    if path is None:
        raise RequestError("--direction requires --directions FILE, of `ganzoo directions`")
    found = Directions.read(path)
    require_fit(trained, found)
    return found.named(name)


def _write(
    frames: Iterator[Image.Image], total: int, out: Path, fps: float, max_mb: float | None
) -> None:
    """Write the frames and show progress on standard error, and how they were made to fit."""
    from ganzoo.observers.console import show_progress
    from ganzoo.output.animation import write, write_within

    with show_progress("frame", "making {} frames") as update:

        def with_progress() -> Iterator[Image.Image]:
            update(0, total)
            for done, frame in enumerate(frames, 1):
                yield frame
                update(done, total)

        if max_mb is None:
            write(with_progress(), out, fps)
            return
        encoding = write_within(with_progress(), out, fps, round(max_mb * 1e6))
    chosen = encoding.described(out.suffix.lower(), fps)
    print(f"{out.stat().st_size / 1e6:.3g} MB with {chosen}", file=sys.stderr)
