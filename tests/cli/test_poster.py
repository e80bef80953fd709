from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Ganzoo


def test_a_poster_is_printed_in_the_size_of_its_paper(
    tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path
) -> None:
    tiny_run()
    poster = ("poster", "run", "--paper", "a4", "--dpi", 50, "--count", 4, "--best-of", 2)
    for name in ("a.png", "b.png", "c.jpg", "d.pdf", "e/d.pdf"):
        done = ganzoo_command(*poster, "--out", f"new/{name}")
        assert (done.status, done.out, done.err) == (0, f"new/{name}\n", "generating images\n")
    with Image.open(tmp_path / "new" / "a.png") as image:
        assert image.size == (413, 585)
        assert image.info["dpi"] == pytest.approx((50, 50), abs=0.1)
    files = {path.stem: path.read_bytes() for path in (tmp_path / "new").glob("*.*")}
    assert files["a"] == files["b"]
    assert files["d"] == (tmp_path / "new" / "e" / "d.pdf").read_bytes()
    assert files["d"].startswith(b"%PDF")
    assert b"/MediaBox [ 0 0 594.72" in files["d"]  # 210 mm are 595.3 points


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--out", "poster.gif"), "ends in .png, .jpg"),
        (("--out", "mine.png"), "exists already"),
        (("--out", "poster.png", "--paper", "a9"), "--paper"),
        (("--out", "poster.png", "--paper", "a1", "--dpi", 500), "choose a smaller --dpi"),
        (("--out", "poster.png", "--font", "mine.png"), "mine.png is not a font"),
        (("--out", "poster.png", "--truncation", 2), "truncation=2"),
        (("--out", "poster.png", "--checkpoint", 7), "checkpoint"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_wrong_request_gets_one_line(
    tiny_run: Ganzoo,
    ganzoo_command: Ganzoo,
    tmp_path: Path,
    arguments: tuple[object, ...],
    reason: str,
) -> None:
    tiny_run()
    (tmp_path / "mine.png").write_text("mine")
    assert reason in ganzoo_command("poster", "run", *arguments).error
    assert (tmp_path / "mine.png").read_text() == "mine"
    assert not (tmp_path / "poster.png").exists()
