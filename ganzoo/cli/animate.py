"""``ganzoo animate``: a video of a run's sample grids, or of a latent-space walk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ganzoo.cli.moved_images import DIRECTIONS_HELP
from ganzoo.cli.options import (
    CHECKPOINT_HELP,
    CLASS_HELP,
    CONDITION_HELP,
    DEVICE_HELP,
    TRUNCATION_HELP,
    Force,
    GeneratorArgument,
    file_path,
    given_options,
    refuse_given,
    trained_generator,
)
from ganzoo.errors import RequestError

if TYPE_CHECKING:
    from PIL import Image

_PANEL = "Images of the generator (with --walk, --between or --direction)"
_generated = partial(typer.Option, rich_help_panel=_PANEL)

Out = Annotated[
    Path,
    typer.Option(metavar="FILE", help="The .gif, .mp4 or .webp file to write.", parser=file_path),
]
Last = Annotated[
    int | None, typer.Option(min=1, help="Use only the newest N sample grids.", metavar="N")
]
Fps = Annotated[
    float | None,
    typer.Option(
        min=0.1, max=50, help="Frames per second; default 5 for sample grids, 20 for walks."
    ),
]
MaxMb = Annotated[
    float | None,
    typer.Option(
        "--max-mb",
        min=0.01,
        max=1_000_000,
        metavar="MB",
        help="Largest size of the file in 1,000,000 bytes: quality, frames per second and "
        "size are reduced until it fits.",
    ),
]
Walk = Annotated[
    int | None,
    _generated(
        min=2, metavar="N", help="Make a latent-space walk through N random latents instead."
    ),
]
Between = Annotated[
    tuple[Path, Path] | None,
    _generated(
        metavar="FILE FILE",
        help="Make a walk from the latents in a file to those in another one, and back.",
    ),
]
Direction = Annotated[
    str | None,
    _generated(
        metavar="NAME",
        help="Move images along this direction of --directions, and back, instead.",
    ),
]
Directions = Annotated[Path | None, _generated(metavar="FILE", help=DIRECTIONS_HELP)]
Amount = Annotated[
    float,
    _generated(
        min=0.01,
        max=100,
        help="How far --direction moves to both sides, in standard deviations.",
    ),
]
Frames = Annotated[
    int,
    _generated(
        min=1, help="Number of frames from one latent to the next, or one way along a direction."
    ),
]
Easing = Annotated[
    Literal["linear", "smooth"],
    _generated(
        help="Speed between two latents: linear is constant, smooth is slow near each latent."
    ),
]
Count = Annotated[int, _generated(min=1, help="Number of images, shown together in a grid.")]
Seed = Annotated[int, _generated(min=0, help="Random seed of the latents.")]
ClassName = Annotated[str | None, _generated("--class", metavar="NAME", help=CLASS_HELP)]
ConditionText = Annotated[
    str | None, _generated("--condition", metavar="NAME=VALUE,...", help=CONDITION_HELP)
]
Truncation = Annotated[float, _generated(metavar="PSI", help=TRUNCATION_HELP)]
Checkpoint = Annotated[str, _generated(metavar="WHICH", help=CHECKPOINT_HELP)]
Device = Annotated[str, _generated(help=DEVICE_HELP)]


def animate(
    context: typer.Context,
    run: GeneratorArgument,
    out: Out,
    force: Force = False,
    last: Last = None,
    fps: Fps = None,
    max_mb: MaxMb = None,
    walk: Walk = None,
    between: Between = None,
    direction: Direction = None,
    directions: Directions = None,
    amount: Amount = 3.0,
    frames: Frames = 30,
    easing: Easing = "linear",
    count: Count = 9,
    seed: Seed = 0,
    class_name: ClassName = None,
    condition: ConditionText = None,
    truncation: Truncation = 1.0,
    checkpoint: Checkpoint = "last",
    device: Device = "cpu",
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
    - `ganzoo animate RUN --between a.safetensors b.safetensors --out morph.mp4`
    - `ganzoo animate RUN --direction hue-yellow --directions found.safetensors --out hue.gif`

    """
    from ganzoo.folders import RunFolder, is_export
    from ganzoo.output.animation import check_free, grid_frames, sample_grids

    check_free(out, force=force)
    if _source(context) == "last":
        if is_export(run):
            raise RequestError(f"{run} has no grids of samples: add --walk N or --direction NAME")
        grids = sample_grids(RunFolder.open(run), last)
        _write(grid_frames(grids), len(grids), out, fps or 5, max_mb)
    else:
        from ganzoo.cli.animated_images import AnimatedImages, RandomImages

        animated = AnimatedImages(trained_generator(run, checkpoint, device), frames, easing)
        random = RandomImages(count, seed, class_name, condition, truncation)
        if walk is not None:
            images, total = animated.walk(walk, random)
        elif between is not None:
            images, total = animated.between(*between)
        else:
            assert direction is not None
            assert directions is not None
            images, total = animated.along(direction, directions, amount, random)
        _write(images, total, out, fps or 20, max_mb)
    print(out)


def _source(context: typer.Context) -> str:
    """The option that says where the frames come from; ``last`` without one.

    Raises RequestError for several of them, and for options that change nothing with this one.
    """
    given = given_options(context)
    sources = [each for each in ("last", "walk", "between", "direction") if each in given]
    if len(sources) > 1:
        names = " and ".join(f"--{name}" for name in sources)
        raise RequestError(f"{names} cannot be combined: remove one of them")
    source = sources[0] if sources else "last"
    if source != "direction":
        reason = "requires --direction NAME: add it, or remove it"
        refuse_given(context, ("directions", "amount"), reason)
    elif "directions" not in given:
        raise RequestError("--direction requires --directions FILE, of `ganzoo directions`")
    if source == "between":
        random = ("count", "seed", "class_name", "condition", "truncation")
        refuse_given(context, random, "chooses random latents: remove it, or --between")
    if source == "last":
        options = context.command.params
        generated = [
            each.name for each in options if getattr(each, "rich_help_panel", "") == _PANEL
        ]
        reason = "requires --walk, --between or --direction: add one of them, or remove it"
        refuse_given(context, generated, reason)
    return source


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
