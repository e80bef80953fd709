from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import ganzoo
from ganzoo.errors import RequestError
from ganzoo.evaluation.record import EvaluationResult, Score
from ganzoo.folders import RunFolder
from ganzoo.journal import Journal
from ganzoo.observers.observer import Observer
from ganzoo.output.report import curves, page, scores
from ganzoo.output.report.chart import MAX_POINTS, Chart, Line, Point, overlay
from ganzoo.output.report.embedded_images import EmbeddedImages
from tests import evaluations

Tiny = Callable[..., dict[str, Any]]


def evaluated(step: int, images: int = 16, **values: float) -> EvaluationResult:
    goals: dict[str, Any] = {"precision": "high", "copies": "real"}
    scores = {
        name: Score(value, images, 0.5, 10, goals.get(name, "low"), name == "kid")
        for name, value in values.items()
    }
    return evaluations.evaluated(step, scores, samples=images)


def noise_image(path: Path, color: int = 0, size: int = 40) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((size, size), 99).point(lambda value: value ^ color).save(path)
    return path


@pytest.fixture
def damaged(tmp_path: Path) -> RunFolder:
    """A run folder whose files are mostly damaged, with names that contain HTML."""
    folder = RunFolder.create(tmp_path / "<b>damaged", {})
    folder.settings.write_text("loss = {name='a/<script>alert(1)</script>'")
    for number in range(3):
        noise_image(folder.sample_grid(100 * number), number)
    folder.sample_grid(200).write_bytes(b"\x89PNG no image")
    (folder.samples / "real.png").touch()
    good = json.dumps({"step": 100, "images_seen": 800, "loss/<i>": 1.0, "scores/real": None})
    folder.metrics.write_text(f'{good}\n{good[:30]}\n[]\n{{"step": 200, "images_seen": 1600}}')
    folder.evaluations.write_text(
        evaluated(100, kid=0.25).line() + "\n" + evaluated(200, kid=1).line()[:50]
    )
    folder.environment.write_text('{"sessions": [{"command": "ganzoo train <u>"}')
    (folder.checkpoints / "step-0000100.pt").write_bytes(b"damaged")
    return folder


def written(*folders: RunFolder, out: Path, **options: Any) -> str:
    page.write(folders, out, Observer(), **options)
    return out.read_text("utf-8")


def body(text: str) -> str:
    """The page without its scripts and styles."""
    return re.sub(r"<(script|style)[^>]*>.*?</\1>", "", text, flags=re.DOTALL)


def test_the_report_of_a_complete_run_has_all_parts(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)  # the extra [report] is enough
    ganzoo.train(**tiny(settings={"data.conditional": True, "train.discriminator.steps": 1}))
    folder = RunFolder.open(tmp_path / "run")
    folder.evaluations.write_text(evaluated(3, kid=0.25, precision=0.75).line())
    shown = body(written(folder, out=tmp_path / "report.html"))
    assert "<h1>run</h1>" in shown
    # The value and the default of architecture.base_channels.
    assert '<td>2</td><td class="muted">64</td>' in shown
    for heading in (
        "Training",
        "Metrics",
        "Nearest real",
        "Directions of",
        "Latent walk",
        "Images of each",
        "How to",
    ):
        assert f'<h2 class="part">{heading}' in shown
    assert "Not shown" not in shown
    assert "compared with 20 real images by pixels" in shown
    assert '<td class="number">0.25</td><td class="number">0.5</td>' in shown
    assert (
        shown.count("data:image/webp") == 2 + 2 + 1 + 1 + 6
    )  # generated, real; neighbors; directions; walk; classes
    assert "3 petals" in shown


def test_the_page_loads_nothing_from_elsewhere(damaged: RunFolder, tmp_path: Path) -> None:
    text = written(damaged, out=tmp_path / "report.html")
    assert "default-src 'none'" in text
    assert not re.findall(r'(?:src|href)="(?!data:|#)', body(text))


def test_damaged_files_are_omitted_and_names_are_escaped(
    damaged: RunFolder, tmp_path: Path
) -> None:
    text = written(damaged, out=tmp_path / "report.html")
    shown = body(text)
    assert "<h1>&lt;b&gt;damaged</h1>" in shown
    assert "<i>" not in re.sub(r"<i class", "", text[text.index("<body>") :].split("Plotly")[0])
    assert "All 2 sample grids" in shown
    assert "samples/real.png is missing or damaged" in shown
    assert "is not TOML" in shown
    assert "Latent walk" not in shown
    assert "Samples of the last step" in shown
    assert 'class="number">0.25<' in shown


def test_a_folder_name_that_is_not_utf8_is_escaped(damaged: RunFolder, tmp_path: Path) -> None:
    damaged.path.rename(tmp_path / "caf\udce9")
    text = written(RunFolder.open(tmp_path / "caf\udce9"), out=tmp_path / "report.html")
    assert "<h1>caf\\udce9</h1>" in body(text)


def test_a_class_name_with_html_is_escaped(tmp_path: Path, tiny: Tiny) -> None:
    for name in ("<script>alert(1)", "b"):
        for number in range(3):
            noise_image(tmp_path / "images" / name / f"{number}.png", number, size=8)
    settings = {"dataset.path": str(tmp_path / "images"), "data.conditional": True}
    ganzoo.train(**tiny(dataset="image-folder", settings=settings))
    text = written(RunFolder.open(tmp_path / "run"), out=tmp_path / "report.html")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_runs_are_sorted_and_compared(damaged: RunFolder, tmp_path: Path) -> None:
    folders = []
    for number, precision in enumerate((0.25, 0.75, 0.5)):
        path = shutil.copytree(damaged.path, tmp_path / f"run-{number}")
        folders.append(RunFolder.open(path))
        line = evaluated(
            100, kid=number, precision=precision, **({"fd": 1} if number else {})
        ).line()
        folders[-1].evaluations.write_text(line)
    by_kid = body(written(*folders, out=tmp_path / "a.html"))
    assert "Sorted by <b>kid</b>, the best first" in by_kid
    assert re.findall(r"</i>(run-\d)</h2>", by_kid) == ["run-0", "run-1", "run-2"]
    assert "kid: 16 images" in by_kid
    by_precision = body(written(*folders, out=tmp_path / "b.html", sort="precision"))
    assert re.findall(r"</i>(run-\d)</h2>", by_precision) == ["run-1", "run-2", "run-0"]
    with pytest.raises(RequestError, match=r"metric swd; there are kid, precision, fd"):
        page.write(folders, tmp_path / "c.html", Observer(), sort="swd")


def test_without_the_dataset_nearest_images_are_omitted(tiny: Tiny, tmp_path: Path) -> None:
    ganzoo.train(**tiny())
    folder = RunFolder.open(tmp_path / "run")
    shown = body(written(folder, out=tmp_path / "report.html", dataset=False))
    assert "Not shown: the report was made without the real images." in shown
    assert "Images of each class" not in shown


def test_a_missing_plotly_is_named_in_the_error(
    damaged: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(RequestError, match=r'^a report needs plotly: pip install "ganzoo-.*"$'):
        page.write([damaged], tmp_path / "report.html", Observer())
    assert not (tmp_path / "report.html").exists()


def test_sample_grids_are_unchanged_if_they_fit(tmp_path: Path) -> None:
    grids = {step: noise_image(tmp_path / f"{step}.png", size=200) for step in range(100)}
    everything = EmbeddedImages(100_000_000).add_grids(grids)
    assert len(everything.images) == 100
    assert everything.note == "All 100 sample grids of the run folder, unchanged."
    embedded = EmbeddedImages(300_000)
    fewer = embedded.add_grids(grids)
    assert embedded.bytes_left >= 0
    assert fewer.images[-1][0] == 99
    assert 2 < len(fewer.images) < 100
    assert fewer.note.startswith(f"{len(fewer.images)} of 100 sample grids")


def test_a_large_image_is_shrunk(tmp_path: Path) -> None:
    embedded = EmbeddedImages(10_000_000)
    large = embedded.add(Image.effect_noise((3000, 1500), 99).convert("RGB"))
    assert len(large.source) < 3_000_000
    assert embedded.bytes_left == 10_000_000 - len(large.source)
    assert EmbeddedImages(10).add_file(b"more than ten bytes", (1, 1)) is None


def test_a_long_line_has_fewer_points_and_its_last_one() -> None:
    points = tuple(
        Point(step, 8 * step, float("nan") if step == 0 else 1.0) for step in range(9999)
    )
    line = Line("discriminator", points).to_dict()
    assert len(line["step"]) <= MAX_POINTS + 1
    assert line["step"][-1] == 9998
    assert line["value"][0] is None
    assert Line("none", ()).to_dict()["step"] == []


def test_loss_terms_are_shown_if_there_are_several() -> None:
    line = {"step": 1, "images_seen": 8, "loss/generator": 1.0, "generator/adversarial": 1.0}
    assert [chart.title for chart in curves.charts(Journal([line]))] == ["Losses"]
    both = {**line, "generator/other": 2.0, "metric/kid": 1.0, "new_kind/x": 1}
    titles = [chart.title for chart in curves.charts(Journal([both]))]
    assert titles == ["Losses", "Terms of the generator's loss", "new_kind"]


def test_images_seen_are_interpolated_between_reports() -> None:
    journal = Journal([{"step": 10, "images_seen": 80}, {"step": 20, "images_seen": 240}])
    assert curves.images_seen_at(journal, [0, 5, 10, 15, 20, 30]) == [0, 40, 80, 160, 240, 240]


def test_evaluations_with_different_counts_are_different_lines() -> None:
    kid, _ = scores.charts(
        [evaluated(2, kid=3, fd=1), evaluated(1, kid=4, fd=1), evaluated(2, images=99, kid=5, fd=1)]
    )
    assert [line.name for line in kid.lines] == ["16 images", "99 images"]
    assert [point.value for point in kid.lines[0].points] == [4, 3]
    assert kid.caption == "Lower is better. Compares features of the extractor random."
    assert kid.lines[0].baseline == 0.5


def test_an_evaluation_table_marks_the_best_of_each_column() -> None:
    (table,) = scores.tables(
        [evaluated(2, kid=3, precision=0.9), evaluated(1, kid=2, precision=0.7)]
    )
    assert table.rows == [(1, [("2", True), ("0.7", False)]), (2, [("3", False), ("0.9", True)])]


def test_only_lines_that_several_runs_have_are_overlaid() -> None:
    def chart(*names: str) -> Chart:
        return Chart("Losses", tuple(Line(name, (Point(1, 8, 1.0),)) for name in names))

    (shared,) = overlay([("a", [chart("discriminator", "extra")]), ("b", [chart("discriminator")])])
    assert shared.title == "Losses: discriminator"
    assert [(line.name, line.color) for line in shared.lines] == [("a", 0), ("b", 1)]


# In a browser.


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if not chromium:
        pytest.skip("no chromium is installed")
    with playwright.sync_playwright() as started:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        launched = started.chromium.launch(executable_path=chromium, args=arguments)
        yield launched
        launched.close()


@pytest.fixture
def report_url(damaged: RunFolder, tmp_path: Path) -> str:
    """The address of a report on two runs with curves and samples."""
    lines = [
        {"step": step, "images_seen": 8 * step, "loss/generator": 1 / (step + 1), "speed/images": 2}
        for step in range(0, 300, 3)
    ]
    other = RunFolder.open(shutil.copytree(damaged.path, tmp_path / "a-name" / ("long" * 30)))
    for folder in (damaged, other):
        folder.metrics.write_text("\n".join(map(json.dumps, lines)))
    out = tmp_path / "report.html"
    page.write([damaged, other], out, Observer())
    return out.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_works_in_a_browser(
    browser: Any, report_url: str, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    shown = context.new_page()
    messages: list[str] = []
    shown.on("console", lambda message: messages.append(message.text))
    shown.on("pageerror", lambda error: messages.append(str(error)))
    shown.goto(report_url)
    charts = shown.locator(".chart")
    for number in range(charts.count()):
        charts.nth(number).scroll_into_view_if_needed()
        charts.nth(number).locator(".main-svg").first.wait_for(timeout=5000)
    assert shown.evaluate("document.documentElement.scrollWidth") == width
    dark = shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 23, 26)"
    assert dark == (scheme == "dark")
    figure = shown.locator(".sample-slider").first
    before = figure.locator("img").get_attribute("src")
    figure.locator("input").fill("0")
    assert figure.locator("output").inner_text() == "step 0"
    assert figure.locator("img").get_attribute("src") != before
    figure.get_by_role("button").click()
    shown.wait_for_function(
        "document.querySelector('.sample-slider output').textContent === 'step 100'"
    )
    shown.locator("select[name=x-axis]").first.select_option("images_seen")
    assert not messages
    context.close()
