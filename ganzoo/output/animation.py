"""Images that move: frames as a GIF, MP4 or WebP file, and the film of a run's sample grids."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from ganzoo import folders
from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder, replacing

FORMATS = {
    # A palette for each frame. Dithering is ordered: diffused errors would crawl between frames.
    ".gif": (
        *("-f", "gif", "-loop", "0", "-vf"),
        "split[a][b];[a]palettegen=stats_mode=single:reserve_transparent=0[palette];"
        "[b][palette]paletteuse=new=1:dither=bayer:bayer_scale=4",
    ),
    # What every player knows: H.264 with chroma of half the size, which needs even sides.
    ".mp4": (
        *("-f", "mp4", "-codec:v", "libx264", "-crf", "18", "-movflags", "+faststart", "-vf"),
        "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white,"
        "scale=out_color_matrix=bt709:out_range=limited,format=yuv420p,"
        "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709",
    ),
    ".webp": (
        *("-f", "webp", "-codec:v", "libwebp_anim", "-quality", "90", "-pix_fmt", "bgra"),
        *("-loop", "0"),
    ),
}
"""How ffmpeg writes a file, by the ending of its name."""


def check_free(path: Path, *, force: bool = False) -> None:
    """Refuse what is no animation, and what ``folders.check_free`` refuses.

    Raises RequestError.
    """
    if path.suffix.lower() not in FORMATS:
        raise RequestError(f"{path}: an animation is a file that ends in {', '.join(FORMATS)}")
    folders.check_free(path, force=force)


def sample_grids(folder: RunFolder, last: int | None = None) -> list[Path]:
    """The newest ``last`` sample grids of a run, or all of them, ascending by step.

    Raises RequestError if there are none.
    """
    sheets = folder.sample_grids()
    if not sheets:
        raise RequestError(f"{folder.samples} holds no sample grids yet: train the run first")
    return sheets[-last if last else None :]


def film(grids: Sequence[Path]) -> Iterator[Image.Image]:
    """A frame of each grid, in the middle of the least canvas that holds them all."""
    sizes = []
    for path in grids:
        with _opened(path) as image:  # reads the header alone
            sizes.append(image.size)
    widths, heights = zip(*sizes, strict=True)
    for path in grids:
        with _opened(path) as image:
            yield on_white(image, (max(widths), max(heights)))


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except OSError as error:
        raise RequestError(f"{path} is damaged ({error}): remove it") from error


def on_white(image: Image.Image, size: tuple[int, int] | None = None) -> Image.Image:
    """A frame, RGB, of an image of any mode, in the middle of a white canvas of (width, height).

    The canvas is as large as the image unless its size is given.
    """
    canvas = Image.new("RGB", size or image.size, "white")
    image = image.convert("RGBA")
    x, y = ((canvas.width - image.width) // 2, (canvas.height - image.height) // 2)
    canvas.paste(image, (x, y), mask=image)
    return canvas


def write(frames: Iterable[Image.Image], path: Path, fps: float) -> None:
    """Write frames, RGB and of one size, all or nothing, each as soon as it is made.

    ``fps`` is their number a second. GIF and WebP repeat for ever. Sides of MP4 that are odd get
    a white line more. Raises OSError with ffmpeg's reason if the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        reason = _encode(frames, fps, (*FORMATS[path.suffix.lower()], f"file:{part}"))
        if reason is not None:
            raise OSError(f"cannot write {path}: {reason}")


def _encode(frames: Iterable[Image.Image], fps: float, output: Sequence[str]) -> str | None:
    """Pass frames through ffmpeg into an output; if that fails, ffmpeg's last word on it."""
    import imageio_ffmpeg

    source = ("-f", "ppm_pipe", "-framerate", str(fps), "-i", "-")
    ffmpeg = subprocess.Popen(  # noqa: S603 - the arguments are those of this module
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *source, *output],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        _feed(ffmpeg, frames)
        told = ffmpeg.communicate()[1].decode(errors="replace").splitlines()
    except BaseException:
        ffmpeg.kill()
        ffmpeg.communicate()  # closes the pipes
        raise
    if ffmpeg.returncode == 0:
        return None
    return told[-1].rpartition("] ")[2] if told else f"ffmpeg ended with {ffmpeg.returncode}"


def _feed(ffmpeg: subprocess.Popen[bytes], frames: Iterable[Image.Image]) -> None:
    assert ffmpeg.stdin
    for frame in frames:
        try:
            ffmpeg.stdin.write(b"P6 %d %d 255\n" % frame.size + frame.tobytes())
        except OSError:  # it has ended early, and says why
            return
