from __future__ import annotations

import re
import subprocess
import weakref
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder
from ganzoo.output.animation import (
    check_free,
    grid_frames,
    on_white,
    sample_grids,
    write,
    write_within,
)
from ganzoo.output.encoding import SMALLER, Encoding

COLORS = ["red", "green", "blue", "black", "yellow", "white", "gray"]
MODES = {"gray": "L", "gray and alpha": "LA", "RGB": "RGB", "RGBA": "RGBA"}


def plain_frames(size: tuple[int, int] = (40, 30), number: int = 7) -> list[Image.Image]:
    return [Image.new("RGB", size, color) for color in COLORS[:number]]


def read(path: Path) -> tuple[list[Image.Image], list[float]]:
    """The frames of a GIF or WebP file, and how long each is shown, in milliseconds."""
    with Image.open(path) as image:
        frames, durations = [], []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            frames.append(image.convert("RGB"))
            durations.append(image.info["duration"])
        return frames, durations


def decoded(path: Path, size: tuple[int, int]) -> tuple[str, list[Image.Image]]:
    """What ffmpeg prints about a file, and the frames that it decodes."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    pixels = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    done = subprocess.run([program, "-i", path, *pixels], capture_output=True, check=True)
    length = 3 * size[0] * size[1]
    starts = range(0, len(done.stdout), length)
    frames = [Image.frombytes("RGB", size, done.stdout[at : at + length]) for at in starts]
    return done.stderr.decode(), frames


def nearly_equal(a: Image.Image, b: Image.Image, tolerance: int = 6) -> bool:
    difference = np.asarray(a, np.int16) - np.asarray(b, np.int16)
    return a.size == b.size and int(np.abs(difference).max()) <= tolerance


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", {})


def draw(run: RunFolder, name: str, mode: str = "RGB", size: tuple[int, int] = (6, 4)) -> None:
    Image.new(mode, size).save(run.samples / name)


def test_grids_are_sorted_by_step_not_by_name(run: RunFolder) -> None:
    names = ["step-0000000.png", "epoch-0002-step-0000500.png", "step-0009000.png"]
    names += ["epoch-0010-step-0010000.png", "step-10000000.png"]
    for name in ["real.png", "step-12.png.txt.png", "epoch-0002.png", *reversed(names)]:
        draw(run, name)
    assert [path.name for path in sample_grids(run)] == names
    assert [path.name for path in sample_grids(run, last=2)] == names[-2:]
    assert [path.name for path in sample_grids(run, last=50)] == names


def test_a_run_without_grids_is_refused(run: RunFolder) -> None:
    draw(run, "real.png")
    with pytest.raises(RequestError, match="no sample grids yet"):
        sample_grids(run)


def test_grids_of_different_sizes_are_centered_on_white(run: RunFolder) -> None:
    draw(run, "step-1.png", size=(6, 4))
    draw(run, "step-2.png", size=(4, 8))
    wide, high = grid_frames(sample_grids(run))
    assert wide.size == high.size == (6, 8)
    assert wide.getbbox() == (0, 0, 6, 8)  # getbbox ignores black
    assert {wide.getpixel((0, y)) for y in (0, 1, 6, 7)} == {(255, 255, 255)}
    assert wide.getpixel((0, 2)) == high.getpixel((1, 0)) == (0, 0, 0)
    assert high.getpixel((0, 0)) == high.getpixel((5, 7)) == (255, 255, 255)


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES.keys())
def test_an_image_of_any_mode_becomes_an_rgb_frame(mode: str) -> None:
    frame = on_white(Image.new("RGBA", (3, 3), (100, 100, 100, 255)).convert(mode))
    assert frame.mode == "RGB"
    assert frame.getpixel((1, 1)) == (100, 100, 100)


def test_transparent_pixels_become_white() -> None:
    assert on_white(Image.new("LA", (3, 3), (0, 0))).getpixel((1, 1)) == (255, 255, 255)


@pytest.mark.parametrize("ending", [".gif", ".webp"])
def test_a_gif_or_webp_has_every_frame_and_repeats_forever(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "new" / f"animation{ending}"
    write(iter(plain_frames()), path, fps=5)
    frames, durations = read(path)
    assert all(nearly_equal(a, b) for a, b in zip(frames, plain_frames(), strict=True))
    assert durations == [200] * len(frames)
    with Image.open(path) as image:
        assert image.info["loop"] == 0


def test_an_mp4_is_h264_with_yuv420p(tmp_path: Path) -> None:
    write(iter(plain_frames()), tmp_path / "animation.mp4", fps=20)
    printed, frames = decoded(tmp_path / "animation.mp4", (40, 30))
    assert re.search(r"h264.* yuv420p\(tv, bt709[,)].* 40x30\b.* 20 fps", printed)
    assert "Duration: 00:00:00.35" in printed
    assert all(nearly_equal(a, b) for a, b in zip(frames, plain_frames(), strict=True))


def test_odd_sides_of_an_mp4_are_padded_with_white(tmp_path: Path) -> None:
    write([Image.new("RGB", (33, 21), "black")] * 3, tmp_path / "animation.mp4", fps=5)
    printed, frames = decoded(tmp_path / "animation.mp4", (34, 22))
    assert " 34x22" in printed
    for frame in map(np.asarray, frames):
        assert frame[:20, :32].max() < 10  # the edge is sharp: the image is not rescaled
        assert frame[21].min() > 200
        assert frame[:, 33].min() > 200
    assert len(frames) == 3


@pytest.mark.parametrize("fps", [0.5, 12, 30, 50])
def test_rounded_durations_of_a_gif_add_up(tmp_path: Path, fps: float) -> None:
    write(plain_frames(), tmp_path / "animation.gif", fps)
    _, durations = read(tmp_path / "animation.gif")
    assert min(durations) >= 20  # browsers slow down shorter durations
    assert sum(durations) == pytest.approx(7000 / fps, abs=10)


def test_repeated_frames_keep_their_duration(tmp_path: Path) -> None:
    write(plain_frames(number=1) * 4 + plain_frames(number=2), tmp_path / "animation.gif", fps=5)
    assert sum(read(tmp_path / "animation.gif")[1]) == 1200


def test_each_frame_of_a_gif_has_its_own_palette(tmp_path: Path) -> None:
    cube = np.stack(np.meshgrid(*[np.arange(0, 256, 51)] * 3), axis=-1)  # 216 colors
    colors = [cube, 230 * cube // 255 + 10, cube // 2 + 5]
    frames = [Image.fromarray(each.astype(np.uint8).reshape(36, 6, 3)) for each in colors]
    write(frames, tmp_path / "animation.gif", fps=5)
    shown = read(tmp_path / "animation.gif")[0]
    assert all(nearly_equal(a, b, tolerance=1) for a, b in zip(shown, frames, strict=True))


@pytest.mark.parametrize("ending", [".gif", ".mp4", ".webp"])
def test_frames_are_written_one_at_a_time(tmp_path: Path, ending: str) -> None:
    made: list[weakref.ref[Image.Image]] = []

    def frames() -> Iterator[Image.Image]:
        for image in plain_frames():
            assert sum(frame() is not None for frame in made) <= 1  # the writer may hold the last
            frame = image.copy()
            made.append(weakref.ref(frame))
            yield frame
            del frame

    write(frames(), tmp_path / f"animation{ending}", fps=5)
    assert len(made) == 7


def test_no_file_remains_when_a_frame_fails(tmp_path: Path) -> None:
    def frames() -> Iterator[Image.Image]:
        yield from plain_frames()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(frames(), tmp_path / "animation.mp4", fps=5)
    assert not list(tmp_path.iterdir())


def test_no_file_remains_when_ffmpeg_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "ffmpeg"
    lines = ('for file; do :; done; echo half > "${file#file:}"', 'echo "[out @ 1] disk full" >&2')
    broken.write_text("\n".join(["#!/bin/sh", *lines, "exit 1\n"]))
    broken.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(broken))
    out = tmp_path / "out" / "animation.gif"
    with pytest.raises(OSError, match=r"^cannot write \S+animation.gif: disk full$"):
        write(plain_frames(size=(600, 400)), out, fps=5)
    assert not list(out.parent.iterdir())


def test_existing_files_and_unknown_extensions_are_refused(tmp_path: Path) -> None:
    (tmp_path / "animation.gif").touch()
    with pytest.raises(RequestError, match="exists already"):
        check_free(tmp_path / "animation.gif")
    for name in ("animation.avi", "animation"):
        with pytest.raises(RequestError, match=r"ends in \.gif, \.mp4, \.webp"):
            check_free(tmp_path / name)
    check_free(tmp_path / "new.GIF")


def noisy_frames(number: int = 8) -> list[Image.Image]:
    random = np.random.default_rng(0)
    return [Image.fromarray(random.integers(0, 256, (96, 128, 3), np.uint8)) for _ in range(number)]


@pytest.mark.parametrize("ending", [".gif", ".mp4", ".webp"])
def test_a_file_that_fits_is_the_same_as_without_a_limit(tmp_path: Path, ending: str) -> None:
    free, limited = tmp_path / f"free{ending}", tmp_path / f"limited{ending}"
    write(noisy_frames(), free, fps=20)
    size = free.stat().st_size
    assert write_within(noisy_frames(), limited, 20, size) == Encoding()
    assert limited.read_bytes() == free.read_bytes()
    assert write_within(noisy_frames(), limited, 20, size - 1) in SMALLER[1:]
    assert limited.stat().st_size < size


def test_frames_and_pixels_are_dropped_until_the_file_fits(tmp_path: Path) -> None:
    path = tmp_path / "small.gif"
    chosen = write_within(noisy_frames(), path, 20, 25_000)
    frames, durations = read(path)
    assert path.stat().st_size <= 25_000
    assert len(frames) == 8 / chosen.frame_step < 8
    assert sum(durations) == 400
    assert frames[0].size == (round(128 * chosen.scale), round(96 * chosen.scale))
    described = chosen.described(".gif", 20)
    assert f"{20 / chosen.frame_step:g} frames per second, {chosen.scale:.0%} of" in described


def test_a_limit_that_is_too_low_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiny.mp4"
    path.write_text("mine")
    with pytest.raises(RequestError, match=r"tiny\.mp4: the smallest file .* more than 0\.001"):
        write_within(noisy_frames(), path, 20, 1000)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]
