"""``ganzoo animate``: a video of a run's sample grids, or of a latent-space walk."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
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
    refuse_given,
)

if TYPE_CHECKING:
    from PIL import Image

_GENERATED = "Images of the generator (with --walk, --between or --direction)"
_RANDOM = ("count", "seed", "class_name", "condition", "truncation")
"""The options that choose random latents."""


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
            max=1_000_000,
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
            rich_help_panel=_GENERATED,
        ),
    ] = None,
    between: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="FILE FILE",
            help="Make a walk from the latents in a file to those in another one, and back.",
            rich_help_panel=_GENERATED,
        ),
    ] = None,
    direction: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Move images along this direction of --directions, and back, instead.",
            rich_help_panel=_GENERATED,
        ),
    ] = None,
    directions: Annotated[
        Path | None, typer.Option(metavar="FILE", help=DIRECTIONS_HELP, rich_help_panel=_GENERATED)
    ] = None,
    amount: Annotated[
        float,
        typer.Option(
            min=0.01,
            max=100,
            help="How far --direction moves to both sides, in standard deviations.",
            rich_help_panel=_GENERATED,
        ),
    ] = 3.0,
    frames: Annotated[
        int,
        typer.Option(
            min=1,
            help="Number of frames from one latent to the next, or one way along a direction.",
            rich_help_panel=_GENERATED,
        ),
    ] = 30,
    easing: Annotated[
        Literal["linear", "smooth"],
        typer.Option(
            help="Speed between two latents: linear is constant, smooth is slow near each latent.",
            rich_help_panel=_GENERATED,
        ),
    ] = "linear",
    count: Annotated[
        int,
        typer.Option(
            min=1, help="Number of images, shown together in a grid.", rich_help_panel=_GENERATED
        ),
    ] = 9,
    seed: Annotated[
        int,
        typer.Option(min=0, help="Random seed of the latents.", rich_help_panel=_GENERATED),
    ] = 0,
    class_name: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="NAME",
            help="Generate images of this class only.",
            rich_help_panel=_GENERATED,
        ),
    ] = None,
    condition: Annotated[
        str | None,
        typer.Option(
            "--condition", metavar="NAME=VALUE,...", help=CONDITION_HELP, rich_help_panel=_GENERATED
        ),
    ] = None,
    truncation: Annotated[
        float,
        typer.Option(
            metavar="PSI",
            help=TRUNCATION_HELP,
            rich_help_panel=_GENERATED,
        ),
    ] = 1.0,
    checkpoint: Annotated[
        str, typer.Option(metavar="WHICH", help=CHECKPOINT_HELP, rich_help_panel=_GENERATED)
    ] = "last",
    device: Annotated[str, typer.Option(help=DEVICE_HELP, rich_help_panel=_GENERATED)] = "cpu",
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
    from ganzoo.arguments import load_generator
    from ganzoo.cli.animated_images import AnimatedImages, RandomImages
    from ganzoo.errors import RequestError
    from ganzoo.folders import RunFolder, is_export
    from ganzoo.output.animation import check_free, grid_frames, sample_grids

    check_free(out, force=force)
    sources = {"last": last, "walk": walk, "between": between, "direction": direction}
    given = [name for name, value in sources.items() if value is not None]
    if len(given) > 1:
        names = " and ".join(f"--{name}" for name in given)
        raise RequestError(f"{names} cannot be combined: remove one of them")
    _refuse_unused_options(context, given)
    if direction is not None and directions is None:
        raise RequestError("--direction requires --directions FILE, of `ganzoo directions`")
    if given in ([], ["last"]):
        if is_export(run):
            raise RequestError(f"{run} has no grids of samples: add --walk N or --direction NAME")
        grids = sample_grids(RunFolder.open(run), last)
        _write(grid_frames(grids), len(grids), out, fps or 5, max_mb)
    else:
        animated = AnimatedImages(load_generator(run, checkpoint).to(device), frames, easing)
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


def _refuse_unused_options(context: typer.Context, sources: Sequence[str]) -> None:
    """Raise RequestError for options that change nothing with these sources of frames."""
    if "direction" not in sources:
        reason = "requires --direction NAME: add it, or remove it"
        refuse_given(context, ("directions", "amount"), reason)
    if "between" in sources:
        refuse_given(context, _RANDOM, "chooses random latents: remove it, or --between")
    if not set(sources) - {"last"}:
        generated = [
            each.name
            for each in context.command.params
            if getattr(each, "rich_help_panel", None) == _GENERATED
        ]
        reason = "requires --walk, --between or --direction: add one of them, or remove it"
        refuse_given(context, generated, reason)


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
