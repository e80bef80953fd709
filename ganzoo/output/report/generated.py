"""What a trained run shows of itself: new images, rows of classes, a latent walk."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from ganzoo import imaging
from ganzoo.output import animation
from ganzoo.output.report.embedded_images import Embedded, EmbeddedImages
from ganzoo.output.trained import TrainedRun
from ganzoo.output.walk import keyframe_latents, walk

COUNT = 64
"""New images in the large grid."""
SEED = 1
"""Whose images they are; the sheets of samples may be those of 0."""
CLASSES = 12
"""Classes of which there is a row, at most."""
_IN_A_ROW = 8
_TILES, _STATIONS, _FRAMES, _FPS = 9, 4, 12, 12
_WIDEST = 480
"""Pixels of a walk's frames."""


def new_images(run: TrainedRun, album: EmbeddedImages) -> Embedded:
    """The grid that ``ganzoo generate RUN --seed 1`` makes."""
    return album.image(imaging.to_image(imaging.grid(run.generate(COUNT, SEED))))


def by_class(run: TrainedRun, album: EmbeddedImages) -> list[tuple[str, Embedded]]:
    """A row of images for each of the first classes, with its name; none without labels."""
    rows = []
    for name in run.class_names[:CLASSES] if run.conditional else ():
        made = run.generate(_IN_A_ROW, class_name=name)
        row = imaging.to_image(imaging.grid(made, columns=_IN_A_ROW))
        rows.append((name, album.image(row)))
    return rows


def latent_walk(run: TrainedRun, album: EmbeddedImages) -> Embedded | None:
    """A film that repeats without a jump; ``None`` if there is no room for it."""
    passing = keyframe_latents(run.generator, _STATIONS, _TILES, seed=0)
    labels = run.labels(_TILES, seed=0)
    frames = list(map(_small, walk(run.generator, passing, _FRAMES, labels)))
    with TemporaryDirectory() as folder:
        path = Path(folder, "walk.webp")
        animation.write(frames, path, _FPS)
        return album.file(path.read_bytes(), frames[0].size)


def _small(frame: Image.Image) -> Image.Image:
    frame.thumbnail((_WIDEST, _WIDEST), Image.Resampling.BOX)
    return frame
