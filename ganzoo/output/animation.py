"""Animations: frames written as a file of limited size, and frames from a run's sample grids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from ganzoo import overwriting
from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder, replacing
from ganzoo.output.encoding import (
    FORMATS,
    SMALLER,
    Encoding,
    encode,
    encode_again,
    encode_losslessly,
)


def check_free(path: Path, *, force: bool = False, option: str = "--out") -> None:
    """Check that an animation file can be written here.

    Raises RequestError if the file extension is not one of ``FORMATS``, or if
    ``overwriting.check_free`` does.
    """
    if path.suffix.lower() not in FORMATS:
        raise RequestError(f"{path}: the name of an animation ends in {', '.join(FORMATS)}")
    overwriting.check_free(path, force=force, option=option)


def sample_grids(folder: RunFolder, last: int | None = None) -> list[Path]:
    """The files of the newest ``last`` sample grids of a run, or of all, ascending by step.

    Raises RequestError if there are none.
    """
    grids = list(folder.sample_grids().values())
    if not grids:
        raise RequestError(f"{folder.samples} has no sample grids yet: train the run first")
    return grids[-last if last else None :]


def grid_frames(grids: Sequence[Path]) -> Iterator[Image.Image]:
    """One RGB frame per grid file, all of one size: smaller grids are centered on white."""
    sizes = []
    for path in grids:
        with _open_image(path) as image:  # reads only the header
            sizes.append(image.size)
    widths, heights = zip(*sizes, strict=True)
    for path in grids:
        with _open_image(path) as image:
            yield on_white(image, (max(widths), max(heights)))


@contextmanager
def _open_image(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except OSError as error:
        raise RequestError(f"{path} is damaged ({error}): remove it") from error


def on_white(image: Image.Image, size: tuple[int, int] | None = None) -> Image.Image:
    """An image of any mode as RGB, centered on a white canvas.

    ``size`` is the canvas's (width, height); without it, the canvas has the size of the image.
    """
    canvas = Image.new("RGB", size or image.size, "white")
    image = image.convert("RGBA")
    x, y = ((canvas.width - image.width) // 2, (canvas.height - image.height) // 2)
    canvas.paste(image, (x, y), mask=image)
    return canvas


def write(frames: Iterable[Image.Image], path: Path, fps: float) -> None:
    """Write RGB frames of one size as an animation, one at a time; if it fails, no file is left.

    ``fps`` is the number of frames per second. GIF and WebP repeat forever. An odd side of an MP4
    is padded with one white line. Raises OSError with ffmpeg's reason if the file cannot be
    written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part, _naming(path):
        encode(frames, part, fps, path.suffix.lower())


def write_within(frames: Iterable[Image.Image], path: Path, fps: float, max_bytes: int) -> Encoding:
    """As ``write``, in the best encoding of ``SMALLER`` with at most ``max_bytes``; returns it.

    Raises RequestError if the smallest file is larger.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, replacing(path) as part, _naming(path):
        video = Path(folder, "frames.nut")
        encode_losslessly(frames, video, fps)
        for encoding in SMALLER:
            encode_again(video, part, path.suffix.lower(), encoding)
            if part.stat().st_size <= max_bytes:
                return encoding
        size = part.stat().st_size
        raise RequestError(
            f"{path}: the smallest file that was tried has {size / 1e6:.3g} MB, more than "
            f"{max_bytes / 1e6:.3g}: use fewer frames or images, or another format"
        )


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in errors of ffmpeg."""
    try:
        yield
    except OSError as error:
        if error.errno:
            raise
        raise OSError(f"cannot write {path}: {error}") from error
