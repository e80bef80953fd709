"""Images that a trained run generates for the page: a grid, rows of classes, directions, a walk."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from ganzoo import imaging
from ganzoo.output.directions import finding
from ganzoo.output.directions import images as along
from ganzoo.output.report.embedded_images import EmbeddedImage, EmbeddedImages
from ganzoo.output.trained import TrainedRun
from ganzoo.output.walk import keyframe_latents, walk

COUNT = 64
"""Images in the grid."""
SEED = 1
"""Seed of the images in the grid; sample grids may use 0."""
CLASSES = 12
"""Maximum number of classes or values that are shown."""
_IMAGES_PER_ROW = 8
_DIRECTIONS, _POINTS = 5, 512
_WALKS, _KEYFRAMES, _FRAMES, _FPS = 9, 4, 12, 12
_WALK_SIDE = 480
"""Maximum length of a frame's longer side, in pixels."""


def image_grid(run: TrainedRun, embedded: EmbeddedImages) -> EmbeddedImage:
    """The grid that ``ganzoo generate RUN --seed 1`` makes."""
    return embedded.add(imaging.to_image(imaging.grid(run.generate(COUNT, SEED))))


def condition_rows(run: TrainedRun, embedded: EmbeddedImages) -> list[tuple[str, EmbeddedImage]]:
    """The names of the first classes or values with a row of images each.

    Empty unless the run is conditional.
    """
    if not run.condition:
        return []
    rows = zip(run.row_names, run.generate_rows(_IMAGES_PER_ROW), strict=True)
    return [
        (name, embedded.add(imaging.to_image(imaging.grid(images, columns=_IMAGES_PER_ROW))))
        for name, images in list(rows)[:CLASSES]
    ]


def directions(run: TrainedRun, embedded: EmbeddedImages) -> tuple[str, EmbeddedImage]:
    """The method of ``ganzoo directions``, and its grid of the first directions."""
    found = finding.by_method(run, count=_DIRECTIONS, images=_POINTS)
    grid = along.grid(run, found, count=1)
    return found.notes["method"], embedded.add(imaging.to_image(grid))


def latent_walk(run: TrainedRun, embedded: EmbeddedImages) -> EmbeddedImage | None:
    """An animated WebP that loops; ``None`` if there is not enough space.

    Pillow writes it, so that a report needs no ffmpeg.
    """
    keyframes = keyframe_latents(run.generator, _KEYFRAMES, _WALKS, seed=0)
    conditions = run.conditions(_WALKS, seed=0)
    frames = list(map(_shrink, walk(run.generator, keyframes, _FRAMES, conditions)))
    buffer, duration = BytesIO(), round(1000 / _FPS)
    options = {"save_all": True, "append_images": frames[1:], "duration": duration, "loop": 0}
    frames[0].save(buffer, format="WEBP", quality=90, **options)
    return embedded.add_file(buffer.getvalue(), frames[0].size)


def _shrink(frame: Image.Image) -> Image.Image:
    frame.thumbnail((_WALK_SIDE, _WALK_SIDE), Image.Resampling.BOX)
    return frame
