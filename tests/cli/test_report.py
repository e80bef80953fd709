from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ganzoo.folders import RunFolder
from tests.cli.conftest import Ganzoo


def test_a_report_is_one_file(tiny_run: Ganzoo, ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    tiny_run()
    done = ganzoo_command("report", "run", "run", "--out", "new/report.html")
    assert (done.status, done.out) == (0, "new/report.html\n")
    assert done.err.splitlines()[0] == "run: reading its files"
    assert done.err.splitlines()[-1] == "writing the page"
    text = (tmp_path / "new" / "report.html").read_text("utf-8")
    assert "<h1>run</h1>" in text
    assert len(text) < 15_000_000
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("run", "--out", "report.pdf"), "ends in .html"),
        (("run", "--out", "mine.html"), "exists already"),
        (("run", "--out", "mine.html/report.html"), "mine.html is a file, not a folder"),
        (("run", "nowhere", "--out", "report.html"), "no run folder nowhere"),
        (
            ("run", "--sort", "kid", "--out", "report.html"),
            "no run was evaluated with the metric kid: eval",
        ),
        (("run",), "--out"),
        (("--out", "report.html"), "RUN"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_request_gets_one_line(
    ganzoo_command: Ganzoo, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    folder = RunFolder.create(tmp_path / "run", {})
    Image.new("RGB", (8, 8)).save(folder.sample_grid(0))
    (tmp_path / "mine.html").write_text("mine")
    assert reason in ganzoo_command("report", *arguments).error
    assert (tmp_path / "mine.html").read_text() == "mine"
    assert not (tmp_path / "report.html").exists()


def test_a_run_without_samples_is_refused(ganzoo_command: Ganzoo, tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", {})
    assert "no sample grids yet" in ganzoo_command("report", "run", "--out", "report.html").error
