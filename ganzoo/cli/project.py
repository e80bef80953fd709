"""``ganzoo project``: latents whose images are nearest to given images."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ganzoo.cli.options import (
    Checkpoint,
    ConditionText,
    Device,
    Force,
    GeneratorArgument,
    Json,
    file_path,
)
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from ganzoo.output.image_vectors import FeatureVectors
    from ganzoo.output.latent_space import LatentSpace
    from ganzoo.output.projection import Projection, Projector
    from ganzoo.output.trained_generator import TrainedGenerator

_FRAMES = 60
"""Frames of a video of the way."""


def project(
    run: GeneratorArgument,
    paths: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="The image files to project.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="The image file to write: each row is a given image and its projection.",
            parser=file_path,
        ),
    ],
    steps: Annotated[
        int, typer.Option(min=1, help="Number of optimization steps per image.")
    ] = 300,
    starts: Annotated[
        int,
        typer.Option(min=1, max=256, help="Number of nearest random images to start from."),
    ] = 4,
    distance: Annotated[
        Literal["pixels", "features"],
        typer.Option(help="Minimize the distance of pixels, or of pixels and features."),
    ] = "pixels",
    extractor: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The extractor that computes the features."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the first latents.")] = 0,
    class_name: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="NAME",
            help="Use this class; default: choose the class that fits best.",
        ),
    ] = None,
    condition: ConditionText = None,
    latents: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.safetensors",
            help="Also save the latents of the projections in this file.",
            parser=file_path,
        ),
    ] = None,
    video: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write a .gif, .mp4 or .webp file of the way to the projections.",
            parser=file_path,
        ),
    ] = None,
    references: Annotated[
        bool,
        typer.Option(help="Also project a generated image and one of noise, for comparison."),
    ] = True,
    checkpoint: Checkpoint = "last",
    device: Device = "cpu",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Project images into the latent space of a run's EMA generator.

    The images are cropped and resized like the training images. The best of 256
    random images are then changed to reproduce each image. `distance` is the root
    mean square difference of pixel values from 0 to 255; `random` is the distance
    of the best random image.

    Examples:
    - `ganzoo project RUN photo.jpg --out projected.png`
    - `ganzoo project RUN a.jpg b.jpg --steps 1000 --out projected.png --video way.mp4`
    - `ganzoo project RUN photo.jpg --latents found.safetensors --out projected.png`
    - `ganzoo project RUN photo.jpg --distance features --out projected.png`

    """
    import torch

    from ganzoo.arguments import load_generator
    from ganzoo.output.files import check_free, save_side_by_side
    from ganzoo.output.projection import Projector, prepare_image
    from ganzoo.overwriting import check_no_input

    check_free(out, force=force)
    _check_more_files(out, latents, video, force)
    for option, path in (("--out", out), ("--latents", latents), ("--video", video)):
        if path is not None:
            check_no_input(path, [run, *paths], option)
    trained = load_generator(run, checkpoint).to(device)
    images = [prepare_image(trained, path) for path in paths]
    features = _features(trained, distance, extractor, device)
    projector = Projector(
        *(trained, steps, seed, class_name, condition),
        starts=starts,
        frames=_FRAMES if video else 0,
        features=features,
    )
    compared = projector.references if references else {}
    start = time.perf_counter()
    found = _project(projector, [*images, *compared.values()])
    seconds = time.perf_counter() - start
    projections = found[: len(images)]
    generated = torch.stack([each.image for each in projections])
    save_side_by_side(torch.stack(images), generated[:, None], out)
    if latents is not None:
        _save_latents(projector.space, projections, {"source": str(trained.source)}, latents)
    if video is not None:
        _write_video(projector.space, images, projections, video)
    names = [*map(str, paths), *(f"({name})" for name in compared)]
    rows = [_row(name, each, projector) for name, each in zip(names, found, strict=True)]
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        print(*_table(rows), sep="\n")
        by = f" and features of {features.name}" if features else ""
        print(f"{out}: {len(rows)} x {steps} steps by pixels{by} in {seconds:.0f} s")


def _features(
    trained: TrainedGenerator, distance: str, extractor: str | None, device: str
) -> FeatureVectors | None:
    from ganzoo.errors import RequestError
    from ganzoo.output.image_vectors import FeatureVectors

    if distance == "features":
        return FeatureVectors(trained.run, extractor, device)
    if extractor is not None:
        raise RequestError("--extractor needs --distance features: add it, or remove --extractor")
    return None


def _project(projector: Projector, images: Sequence[Tensor]) -> list[Projection]:
    """The projection of each image; shows the progress of all their steps."""
    from ganzoo.observers.console import show_progress

    total = len(images) * projector.steps
    with show_progress("step", "projecting in {} steps") as update:
        done = 0
        update(done, total)

        def on_step() -> None:
            nonlocal done
            done += 1
            update(done, total)

        return [projector(image, on_step) for image in images]


def _row(name: str, projection: Projection, projector: Projector) -> dict[str, Any]:
    features, condition = projection.feature_distance, projector.text(projection)
    return {
        "image": name,
        "distance": projection.distance,
        "random": projection.random_distance,
        **({} if features is None else {"features": features}),
        "length": projection.length,
        **({} if condition is None else {"condition": condition}),
    }


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    cells = [[_cell(value) for value in row.values()] for row in rows]
    return list(table([list(rows[0]), *cells]))


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _check_more_files(out: Path, latents: Path | None, video: Path | None, force: bool) -> None:
    from ganzoo import tensor_file
    from ganzoo.errors import RequestError
    from ganzoo.output import animation

    if latents is not None:
        tensor_file.check_free(latents, force=force, option="--latents")
    if video is not None:
        animation.check_free(video, force=force, option="--video")
        if video.resolve() == out.resolve():
            raise RequestError(f"{out} is named twice: choose another name for --video")


def _save_latents(
    space: LatentSpace, projections: Sequence[Projection], notes: dict[str, str], path: Path
) -> None:
    import torch

    from ganzoo.output.saved_latents import SavedLatents

    points = torch.stack([each.point for each in projections])
    conditions = [each.condition for each in projections if each.condition is not None]
    stacked = torch.stack(conditions) if conditions else None
    SavedLatents(space.name, points, stacked, notes).save(path)


def _write_video(
    space: LatentSpace, images: Sequence[Tensor], projections: Sequence[Projection], path: Path
) -> None:
    from ganzoo.output.animation import write
    from ganzoo.output.projection_video import way_frames

    write(way_frames(space, images, projections), path, fps=20)
