"""``ganzoo project``: latents whose images are nearest to given images."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
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
    trained_generator,
)
from ganzoo.cli.table import table
from ganzoo.errors import RequestError

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.output.image_vectors import FeatureVectors
    from ganzoo.output.projection import Projection, Projector
    from ganzoo.output.trained_generator import TrainedGenerator

_FRAMES = 60
"""Frames of a video of the way."""

Images = Annotated[
    list[Path], typer.Argument(metavar="IMAGE...", help="The image files to project.")
]
Out = Annotated[
    Path,
    typer.Option(
        metavar="FILE",
        help="The image file to write: each row is a given image and its projection.",
        parser=file_path,
    ),
]
Steps = Annotated[int, typer.Option(min=1, help="Number of optimization steps per image.")]
Starts = Annotated[
    int, typer.Option(min=1, max=256, help="Number of nearest random images to start from.")
]
Distance = Annotated[
    Literal["pixels", "features"],
    typer.Option(help="Minimize the distance of pixels, or of pixels and features."),
]
Extractor = Annotated[
    str | None, typer.Option(metavar="NAME", help="The extractor that computes the features.")
]
Seed = Annotated[int, typer.Option(min=0, help="Random seed of the first latents.")]
ClassName = Annotated[
    str | None,
    typer.Option(
        "--class",
        metavar="NAME",
        help="Use this class; default: choose the class that fits best.",
    ),
]
LatentsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.safetensors",
        help="Also save the latents of the projections in this file.",
        parser=file_path,
    ),
]
Video = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Also write a .gif, .mp4 or .webp file of the way to the projections.",
        parser=file_path,
    ),
]
References = Annotated[
    bool, typer.Option(help="Also project a generated image and one of noise, for comparison.")
]


def project(
    run: GeneratorArgument,
    paths: Images,
    out: Out,
    steps: Steps = 300,
    starts: Starts = 4,
    distance: Distance = "pixels",
    extractor: Extractor = None,
    seed: Seed = 0,
    class_name: ClassName = None,
    condition: ConditionText = None,
    latents: LatentsFile = None,
    video: Video = None,
    references: References = True,
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
    from ganzoo.cli.projection_files import ProjectionFiles
    from ganzoo.output.projection import Projector, prepare_image

    files = ProjectionFiles(out, latents, video)
    files.check([run, *paths], force=force)
    trained = trained_generator(run, checkpoint, device)
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
    files.write(projector.space, images, found[: len(images)], trained.source)
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
