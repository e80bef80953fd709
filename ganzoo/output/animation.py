"""Animations: frames written as a GIF, MP4 or WebP file, and frames from a run's sample grids."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from ganzoo import folders
from ganzoo.errors import RequestError
from ganzoo.extras import require_package
from ganzoo.folders import RunFolder, replacing

FORMATS = {
    # A palette per frame. Dithering is ordered: error diffusion flickers between frames.
    ".gif": (
        *("-f", "gif", "-loop", "0", "-vf"),
        "split[a][b];[a]palettegen=stats_mode=single:reserve_transparent=0[palette];"
        "[b][palette]paletteuse=new=1:dither=bayer:bayer_scale=4",
    ),
    # H.264 with 4:2:0 chroma, which every video player supports; it needs even sides.
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
"""The output options of ffmpeg for each file extension."""


def check_free(path: Path, *, force: bool = False) -> None:
    """Check that an animation file can be written here.

    Raises RequestError if the file extension is not one of ``FORMATS``, or if
    ``folders.check_free`` does.
    """
    if path.suffix.lower() not in FORMATS:
        raise RequestError(f"{path}: the name of an animation ends in {', '.join(FORMATS)}")
    folders.check_free(path, force=force)


def sample_grids(folder: RunFolder, last: int | None = None) -> list[Path]:
    """The files of the newest ``last`` sample grids of a run, or of all, ascending by step.

    Raises RequestError if there are none.
    """
    grids = folder.sample_grids()
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
    with replacing(path) as part:
        reason = _encode(frames, fps, (*FORMATS[path.suffix.lower()], f"file:{part}"))
        if reason is not None:
            raise OSError(f"cannot write {path}: {reason}")


def _encode(frames: Iterable[Image.Image], fps: float, output: Sequence[str]) -> str | None:
    """Encode frames with ffmpeg; returns ffmpeg's last error line if that fails, else None."""
    imageio_ffmpeg = require_package("imageio_ffmpeg", "an animation", "ganzoo-toolkit[video]")
    source = ("-f", "ppm_pipe", "-framerate", str(fps), "-i", "-")
    ffmpeg = subprocess.Popen(  # noqa: S603 - the arguments are from this module
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *source, *output],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        _send_frames(ffmpeg, frames)
        messages = ffmpeg.communicate()[1].decode(errors="replace").splitlines()
    except BaseException:
        ffmpeg.kill()
        ffmpeg.communicate()  # closes the pipes
        raise
    if ffmpeg.returncode == 0:
        return None
    if messages:
        return messages[-1].rpartition("] ")[2]
    return f"ffmpeg ended with {ffmpeg.returncode}"


def _send_frames(ffmpeg: subprocess.Popen[bytes], frames: Iterable[Image.Image]) -> None:
    assert ffmpeg.stdin
    for frame in frames:
        try:
            ffmpeg.stdin.write(b"P6 %d %d 255\n" % frame.size + frame.tobytes())
        except OSError:  # ffmpeg has exited; its stderr has the reason
            return
