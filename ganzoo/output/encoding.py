"""How frames become a GIF, MP4 or WebP file: by ffmpeg, with settings that make smaller files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from ganzoo.extras import require_package

_FFV1 = ("-f", "nut", "-codec:v", "ffv1", "-pix_fmt", "bgr0")
"""A lossless video with exact times."""


class Format(NamedTuple):
    """A file format of animations."""

    setting: str
    """What its qualities are, as a text with ``{}``."""
    qualities: tuple[int, ...]
    """From the default to the smallest file."""
    filters: str
    """The filters of ffmpeg, with ``{}`` for the quality."""
    options: tuple[str, ...]
    """The other options of ffmpeg, with ``{}`` for the quality."""


FORMATS = {
    # A palette per frame. Dithering is ordered: error diffusion flickers between frames.
    ".gif": Format(
        "{} colors per frame",
        (256, 128, 64, 32),
        "split[a][b];[a]palettegen=max_colors={}:stats_mode=single:reserve_transparent=0[palette];"
        "[b][palette]paletteuse=new=1:dither=bayer:bayer_scale=4",
        ("-f", "gif", "-loop", "0"),
    ),
    # H.264 with 4:2:0 chroma, which every video player supports; it needs even sides.
    ".mp4": Format(
        "CRF {} of H.264",
        (18, 23, 28, 33),
        "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white,"
        "scale=out_color_matrix=bt709:out_range=limited,format=yuv420p,"
        "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709",
        ("-f", "mp4", "-codec:v", "libx264", "-crf", "{}", "-movflags", "+faststart"),
    ),
    ".webp": Format(
        "quality {}",
        (90, 75, 55, 35),
        "format=bgra",
        ("-f", "webp", "-codec:v", "libwebp_anim", "-quality", "{}", "-loop", "0"),
    ),
}
"""The format of each file extension."""


@dataclass(frozen=True)
class Encoding:
    """A way to encode frames; the one without arguments has the best quality."""

    quality: int = 0
    """An index into ``Format.qualities``."""
    frame_step: int = 1
    """Of this number of frames, one is kept."""
    scale: float = 1.0
    """The factor of width and height."""

    def arguments(self, suffix: str) -> list[str]:
        """The output options of ffmpeg for a file extension."""
        chosen = FORMATS[suffix]
        quality = chosen.qualities[self.quality]
        filters = [chosen.filters.format(quality)]
        if self.scale < 1:
            filters.insert(0, f"scale=round(iw*{self.scale}):round(ih*{self.scale}):flags=area")
        if self.frame_step > 1:
            filters.insert(0, f"framestep={self.frame_step}")
        options = [option.format(quality) for option in chosen.options]
        return [*options, "-vf", ",".join(filters)]

    def described(self, suffix: str, fps: float) -> str:
        """Its quality, frames per second and size, for a message."""
        chosen = FORMATS[suffix]
        quality = chosen.setting.format(chosen.qualities[self.quality])
        size = "" if self.scale == 1 else f", {self.scale:.0%} of the width and height"
        return f"{quality}, {fps / self.frame_step:g} frames per second{size}"


SMALLER = (
    *(Encoding(quality) for quality in range(3)),
    *(Encoding(2, scale=scale) for scale in (0.75, 0.5)),
    *(Encoding(2, 2, scale) for scale in (0.75, 0.5)),
    *(Encoding(3, 2, scale) for scale in (0.5, 0.35)),
    Encoding(3, 4, 0.35),
)
"""Encodings from the best quality to the smallest file."""


def encode(frames: Iterable[Image.Image], path: Path, fps: float, suffix: str) -> None:
    """Encode RGB frames of one size, one at a time, in the best quality.

    Raises OSError with ffmpeg's reason if that fails.
    """
    _encode_frames(frames, path, fps, Encoding().arguments(suffix))


def encode_losslessly(frames: Iterable[Image.Image], path: Path, fps: float) -> None:
    """Write a video for ``encode_again``, whose frames are equal to these."""
    _encode_frames(frames, path, fps, _FFV1)


def encode_again(video: Path, path: Path, suffix: str, encoding: Encoding) -> None:
    """Encode the frames of a video of ``encode_losslessly``."""
    _run(("-i", f"file:{video}"), encoding.arguments(suffix), path, lambda _: None)


def _encode_frames(
    frames: Iterable[Image.Image], path: Path, fps: float, arguments: Sequence[str]
) -> None:
    source = ("-f", "ppm_pipe", "-framerate", str(fps), "-i", "-")
    _run(source, arguments, path, lambda ffmpeg: _send(ffmpeg, frames))


def _run(
    source: Sequence[str],
    arguments: Sequence[str],
    path: Path,
    send: Callable[[subprocess.Popen[bytes]], None],
) -> None:
    """Run ffmpeg; ``send`` writes what it reads from its standard input."""
    imageio_ffmpeg = require_package("imageio_ffmpeg", "an animation", "ganzoo-toolkit[video]")
    ffmpeg = subprocess.Popen(  # noqa: S603 - the arguments are from this module
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"),
            *(*source, *arguments, f"file:{path}"),
        ],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        send(ffmpeg)
        messages = ffmpeg.communicate()[1].decode(errors="replace").splitlines()
    except BaseException:
        ffmpeg.kill()
        ffmpeg.communicate()  # closes the pipes
        raise
    if ffmpeg.returncode:
        reason = messages[-1].rpartition("] ")[2] if messages else ""
        raise OSError(reason or f"ffmpeg ended with {ffmpeg.returncode}")


def _send(ffmpeg: subprocess.Popen[bytes], frames: Iterable[Image.Image]) -> None:
    assert ffmpeg.stdin
    for frame in frames:
        try:
            ffmpeg.stdin.write(b"P6 %d %d 255\n" % frame.size + frame.tobytes())
        except OSError:  # ffmpeg has exited; its stderr has the reason
            return
