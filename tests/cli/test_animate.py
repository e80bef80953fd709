from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from ganzoo.folders import RunFolder
from tests.cli.conftest import Ganzoo


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """A run folder with five sample grids and no checkpoint."""
    folder = RunFolder.create(tmp_path / "drawn", {})
    folder.write_settings({})
    for number in range(5):
        path = folder.samples / f"step-{100 * number:07}.png"
        Image.new("RGB", (40, 30), (50 * number, 0, 0)).save(path)
    return folder.path


def facts(path: Path) -> tuple[int, int, tuple[int, int]]:
    """Number of frames, milliseconds of the first, size."""
    with Image.open(path) as image:
        return getattr(image, "n_frames", 1), image.info["duration"], image.size


def test_sample_grids_become_a_video(drawn: Path, ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    done = ganzoo_command("animate", "drawn", "--out", "new/film.gif")
    assert (done.status, done.out) == (0, "new/film.gif\n")
    assert done.err == "making 5 frames\n"
    assert facts(tmp_path / "new" / "film.gif") == (5, 200, (40, 30))


def test_last_uses_only_the_newest_sample_grids(
    drawn: Path, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    done = ganzoo_command("animate", "drawn", "--last", 2, "--fps", 10, "--out", "film.gif")
    assert done.err == "making 2 frames\n"
    assert facts(tmp_path / "film.gif") == (2, 100, (40, 30))
    with Image.open(tmp_path / "film.gif") as image:
        red, *_ = image.convert("RGB").getpixel((0, 0))  # type: ignore[misc]
    assert red == pytest.approx(150, abs=6)


def test_the_error_names_a_damaged_sample_grid(drawn: Path, ganzoo_command: Ganzoo) -> None:
    sheet = drawn / "samples" / "step-0000200.png"
    sheet.write_bytes(sheet.read_bytes()[:60])
    done = ganzoo_command("animate", "drawn", "--out", "film.gif")
    assert done.status == 2
    assert "step-0000200.png is damaged" in done.err.splitlines()[-1]


@pytest.mark.parametrize("command", ["animate", "generate"])
def test_out_inside_a_file_is_refused(drawn: Path, ganzoo_command: Ganzoo, command: str) -> None:
    out = drawn / "run.toml" / "below" / ("film.gif" if command == "animate" else "grid.png")
    assert "run.toml is a file, not a folder" in (
        ganzoo_command(command, "drawn", "--out", out).error
    )


def test_a_video_of_sample_grids_does_not_import_torch(drawn: Path) -> None:
    for arguments in (["--help"], [str(drawn), "--out", str(drawn / "film.mp4")]):
        code = (
            f"import sys; sys.argv = ['ganzoo', 'animate', *{arguments!r}]\n"
            "from ganzoo.cli import main\n"
            "try: main()\n"
            "except SystemExit as leaving: assert not leaving.code, leaving.code\n"
            "assert 'torch' not in sys.modules\n"
            f"assert '--help' not in {arguments!r} or 'PIL' not in sys.modules\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_walk(tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    tiny_run()
    walk = ("animate", "run", "--walk", 3, "--frames", 2, "--count", 2)
    done = ganzoo_command(*walk, "--out", "a.gif")
    assert (done.status, done.out, done.err) == (0, "a.gif\n", "making 6 frames\n")
    frames, duration, size = facts(tmp_path / "a.gif")
    assert (frames, duration) == (6, 50)
    assert 256 <= min(size) < 272
    ganzoo_command(*walk, "--out", "b.gif")
    ganzoo_command(*walk, "--seed", 1, "--out", "c.gif")
    ganzoo_command(*walk, "--truncation", 0.3, "--out", "d.gif")
    a, b, c, d = ((tmp_path / f"{name}.gif").read_bytes() for name in "abcd")
    assert a == b != c
    assert a != d
    small = len(a) / 1e6 * 0.9
    done = ganzoo_command(*walk, "--easing", "smooth", "--max-mb", small, "--out", "e.gif")
    assert done.status == 0
    assert re.search(r"^0\.\d+ MB with \d+ colors per frame, 20 frames per", done.err, re.MULTILINE)
    assert (tmp_path / "e.gif").stat().st_size <= small * 1e6


def test_a_walk_can_be_limited_to_one_class(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run("run", "data.conditional=true")
    walk = ("animate", "run", "--walk", 2, "--frames", 1)
    assert ganzoo_command(*walk, "--class", "3 petals", "--out", "a.gif").status == 0
    assert ganzoo_command(*walk, "--out", "b.gif").status == 0
    assert (tmp_path / "a.gif").read_bytes() != (tmp_path / "b.gif").read_bytes()
    refused = ganzoo_command(*walk, "--class", "9 petals", "--out", "c.gif").error
    assert "no class called 9 petals; did you mean" in refused
    refused = ganzoo_command(*walk, "--device", "toaster", "--out", "c.gif").error
    assert "device toaster: " in refused


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("drawn", "--out", "film.avi"), "ends in .gif, .mp4, .webp"),
        (("drawn", "--out", "mine.gif"), "exists already"),
        (("drawn", "--out", "film.gif", "--last", 0), "--last"),
        (("drawn", "--out", "film.gif", "--fps", 60), "--fps"),
        (("drawn", "--out", "film.gif", "--max-mb", 0), "--max-mb"),
        (("drawn", "--out", "film.gif", "--max-mb", "inf"), "--max-mb"),
        (("drawn", "--out", "film.gif", "--easing", "smooth"), "--easing requires --walk"),
        (("drawn", "--out", "film.gif", "--seed", 1), "--seed requires --walk"),
        (("drawn", "--out", "film.gif", "--class", "rose"), "--class requires --walk"),
        (("drawn", "--out", "film.gif", "--truncation", 0.5), "--truncation requires --walk"),
        (("drawn", "--out", "film.gif", "--walk", 1), "--walk"),
        (("drawn", "--out", "film.gif", "--walk", 2, "--amount", 3), "--amount requires --dir"),
        (("drawn", "--out", "film.gif", "--walk", 2, "--last", 2), "remove one of them"),
        (("drawn", "--out", "film.gif", "--between", "a", "b", "--last", 2), "remove one of them"),
        (("drawn", "--out", "film.gif", "--between", "a", "b", "--seed", 2), "remove it, or --bet"),
        (("drawn", "--out", "film.gif", "--between", "a", "b", "--walk", 2), "remove one of them"),
        (("nowhere", "--out", "film.gif"), "no run folder nowhere"),
        (("drawn",), "--out"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_wrong_request_gets_one_line(
    drawn: Path, ganzoo_command: Ganzoo, arguments: tuple[object, ...], reason: str
) -> None:
    mine = drawn.parent / "mine.gif"
    mine.write_text("mine")
    assert reason in ganzoo_command("animate", *arguments).error
    assert mine.read_text() == "mine"
    assert not (drawn.parent / "film.gif").exists()


def test_a_run_without_sample_grids_is_refused(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run()
    for file in [*(tmp_path / "run").glob("samples/*"), *(tmp_path / "run").glob("checkpoints/*")]:
        file.unlink()
    assert "no sample grids yet" in ganzoo_command("animate", "run", "--out", "a.gif").error
    assert "checkpoint" in ganzoo_command("animate", "run", "--walk", 2, "--out", "a.gif").error


def test_help_has_its_examples(ganzoo_command: Ganzoo) -> None:
    shown = ganzoo_command("animate", "--help").out
    assert "ganzoo animate RUN --out video.gif" in shown
    assert "ganzoo animate RUN --walk 8 --out walk.gif" in shown
