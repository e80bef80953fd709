"""Pages in a headless Chromium: `nox -s browser`. They are exported first, so this is slow."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import torch
from torch import Tensor

from ganzoo.export.card import Card
from ganzoo.export.web import write
from ganzoo.output.directions.finding import by_method
from ganzoo.output.latent_space import LatentSpace
from ganzoo.output.trained_generator import TrainedGenerator
from tests.chromium import COMMAND, Chromium
from tests.export.web.pages import generator

pytestmark = [
    pytest.mark.skipif(COMMAND is None, reason="no chromium is installed"),
    pytest.mark.timeout(600),
]

TOLERANCE = 2
"""Of 255: the largest difference of a pixel from that of torch."""
READY = "['ready', 'failed'].includes(document.documentElement.dataset.state)"
PIXELS = """(selector) => [...document.querySelectorAll(selector)].map((canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    return btoa(String.fromCharCode(...data));
})"""

Page = tuple[TrainedGenerator, Path]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A browser for all tests."""
    with Chromium.started(tmp_path_factory.mktemp("profile")) as started:
        yield started


def _page(folder: Path, architecture: str, kind: str | None) -> Page:
    trained, file = generator(architecture, kind), folder / f"{architecture}.html"
    by_method(trained, images=64).save(folder / f"{architecture}.safetensors")
    write(trained, Card.of(trained), file, directions=file.with_suffix(".safetensors"))
    return trained, file


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """A generator without intermediate latents that is told two values."""
    return _page(tmp_path_factory.mktemp("pages"), "dcgan", "vector")


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """A generator with intermediate latents that is told a class."""
    return _page(tmp_path_factory.mktemp("pages"), "stylegan2", "class")


@pytest.fixture(params=["values", "classes"])
def page(request: pytest.FixtureRequest) -> Page:
    """One of these pages."""
    found: Page = request.getfixturevalue(request.param)
    return found


def show(browser: Chromium, page: Page, link: str = "") -> None:
    """Open a page at a link, and wait for its images."""
    browser.open("about:blank")
    browser.events.clear()
    browser.open(f"{page[1].as_uri()}#{link}")
    browser.wait(READY)


def pixels(browser: Chromium, selector: str, page: Page) -> Tensor:
    """The pixels of canvases, uint8 (N, C, H, W)."""
    browser.wait(READY)
    shape = page[0].image_shape
    texts = browser.evaluate(f"({PIXELS})({selector!r})")
    content = b"".join(map(base64.b64decode, texts))
    rgba = np.frombuffer(content, np.uint8).reshape(len(texts), shape.height, shape.width, 4)
    assert (rgba[..., 3] == 255).all()
    return torch.from_numpy(rgba[..., :3].copy()).permute(0, 3, 1, 2)


def assert_equal(shown: Tensor, expected: Tensor) -> None:
    assert shown.shape == expected.shape
    assert int((shown.int() - expected.int()).abs().max()) <= TOLERANCE
    assert expected.float().std() > 10  # else any images would be equal


def chosen(browser: Chromium, page: Page) -> Tensor:
    """The pixels of the chosen image."""
    return pixels(browser, "#selected canvas", page)


def test_the_images_are_those_of_generate(browser: Chromium, page: Page) -> None:
    show(browser, page, "count=64")
    assert_equal(pixels(browser, "#grid canvas", page), page[0].generate(64, seed=0))
    assert browser.messages() == []


def test_nothing_is_requested(browser: Chromium, page: Page) -> None:
    show(browser, page)
    browser.evaluate("document.getElementById('new').click()")
    browser.wait(READY)
    fetched = "fetch('https://example.com').then(() => 'sent', () => 'refused')"
    sent = {url.partition(":")[0] for url in browser.requests()}
    assert sent <= {"file", "data", "blob"}
    files = {url.partition("#")[0] for url in browser.requests() if url.startswith("file:")}
    assert files == {page[1].as_uri()}
    assert browser.evaluate(fetched) == "refused"


def test_truncation_and_condition_are_those_of_generate(browser: Chromium, values: Page) -> None:
    show(browser, values, f"count=12&truncation=0.5&condition={quote('a=0.25,b=-10')}")
    expected = values[0].generate(12, truncation=0.5, condition="a=0.25,b=-10")
    assert_equal(pixels(browser, "#grid canvas", values), expected)


def test_a_class_is_that_of_generate(browser: Chromium, classes: Page) -> None:
    show(browser, classes, "count=12&condition=c")
    assert_equal(pixels(browser, "#grid canvas", classes), classes[0].generate(12, class_name="c"))
    assert browser.evaluate("document.getElementById('caption').textContent") == "Image 1 · c"


def test_truncated_intermediate_latents_keep_their_class(browser: Chromium, classes: Page) -> None:
    show(browser, classes, "count=12&condition=b&truncation=0.05")
    expected = classes[0].generate(12, class_name="b", truncation=0.05).float()
    shown = pixels(browser, "#grid canvas", classes).float()
    # The page has latents of its own for the mean.
    other = classes[0].generate(12, class_name="c", truncation=0.05).float()
    assert (shown - expected).abs().mean() < 0.5 * (shown - other).abs().mean()


def test_a_slider_moves_along_its_direction(browser: Chromium, page: Page) -> None:
    trained, space = page[0], LatentSpace(page[0].generator)
    direction = by_method(trained, images=64)[1]
    show(browser, page, "image=2")
    browser.evaluate("""(() => {
        const input = document.querySelectorAll("#directions input")[1];
        input.value = 2;
        input.dispatchEvent(new Event("input"));
    })()""")
    condition = trained.conditions(3, 0)
    points = space.points(trained.latents(3), condition) + 2 * direction.step
    expected = space.pixels(points, condition)
    assert_equal(chosen(browser, page), expected[2:])
    assert_equal(pixels(browser, "#grid canvas", page)[:3], expected)
    link = browser.evaluate("location.hash")
    assert link == f"#image=2&edit.{direction.name}=2"


def test_a_walk_is_interpolated_as_by_animate(browser: Chromium, page: Page) -> None:
    trained, space = page[0], LatentSpace(page[0].generator)
    show(browser, page, "image=1&to=3&at=0.25")
    condition = trained.conditions(4, 0)
    points = space.points(trained.latents(4), condition)
    between = space.interpolate(points[1:2], points[3:], 0.25)
    if condition is not None:
        is_values = condition.is_floating_point()
        mixed = torch.lerp(condition[1:2], condition[3:], 0.25) if is_values else condition[1:2]
    assert_equal(chosen(browser, page), space.pixels(between, mixed))


def test_a_walk_plays_and_stops(browser: Chromium, classes: Page) -> None:
    show(browser, classes)
    place = "Number(document.querySelector('#walk input').value)"
    browser.evaluate("document.getElementById('play').click()")
    browser.wait(f"{place} > 0")
    browser.evaluate("document.getElementById('play').click()")
    browser.wait(READY)
    at = browser.evaluate(place)
    assert f"at={at:g}" in browser.evaluate("location.hash")


def test_new_images_come_back_by_their_link(browser: Chromium, page: Page) -> None:
    show(browser, page)
    first = pixels(browser, "#grid canvas", page)
    browser.evaluate("document.getElementById('new').click()")
    second = pixels(browser, "#grid canvas", page)
    link = browser.evaluate("location.hash")
    assert link.startswith("#seed=")
    assert (first.int() - second.int()).abs().float().mean() > 5
    show(browser, page, link[1:])
    assert torch.equal(pixels(browser, "#grid canvas", page), second)


def test_a_wrong_link_shows_the_first_images(browser: Chromium, page: Page) -> None:
    show(browser, page, "seed=x&count=7&image=-3&truncation=9&condition=none&at=nan&edit.no=1")
    assert_equal(pixels(browser, "#grid canvas", page)[:4], page[0].generate(4))
    assert browser.messages() == []


def test_the_keyboard_chooses_images(browser: Chromium, page: Page) -> None:
    show(browser, page)
    browser.evaluate("document.querySelector('#grid input').focus()")
    browser.press("ArrowRight", 39)
    browser.press("ArrowRight", 39)
    assert browser.evaluate("location.hash") == "#image=2"
    assert_equal(chosen(browser, page), page[0].generate(3)[2:])


def test_start_and_end_of_a_walk_are_exchanged(browser: Chromium, values: Page) -> None:
    show(browser, values, "image=1&to=3&at=0.25")
    before = chosen(browser, values)
    browser.evaluate("document.getElementById('swap').click()")
    assert torch.equal(chosen(browser, values), before)
    assert browser.evaluate("location.hash") == "#image=3&to=1&at=0.75"
    browser.evaluate("document.querySelectorAll('#grid input')[5].click()")
    browser.wait(READY)
    assert browser.evaluate("location.hash") == "#image=5&to=1"


def test_images_are_saved_as_png(browser: Chromium, values: Page) -> None:
    show(browser, values, "count=12")
    saved = """(id) => new Promise((resolve) => {
        HTMLAnchorElement.prototype.click = async function () {
            const image = new Image();
            image.src = this.href;
            await image.decode();
            resolve([this.download, image.width, image.height]);
        };
        document.getElementById(id).click();
    })"""
    side = values[0].image_shape.width
    name = "blossoms-dcgan-hinge-seed-0"
    assert browser.evaluate(f"({saved})('save')") == [f"{name}-image-1.png", side, side]
    size = [3 * (side + 2) + 2, 4 * (side + 2) + 2]
    assert browser.evaluate(f"({saved})('save-grid')") == [f"{name}.png", *size]


def test_latents_are_normal_and_differ(browser: Chromium, values: Page) -> None:
    show(browser, values)
    script = """import("page/random").then(({ normal, uniform }) =>
        [...Array(40).keys()].map((i) => Array.from(normal(501, uniform(i >> 1, i & 1)))))"""
    rows = torch.tensor(browser.evaluate(script), dtype=torch.float64)
    assert abs(float(rows.mean())) < 0.03
    assert abs(float(rows.std()) - 1) < 0.03
    assert abs(float(rows.pow(4).mean()) - 3) < 0.3
    assert float((rows.corrcoef() - torch.eye(40)).abs().max()) < 0.25


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_its_width(browser: Chromium, page: Page, width: int, scheme: str) -> None:
    browser.show(width, 800, scheme)
    show(browser, page)
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    color = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert color == ("rgb(22, 23, 26)" if scheme == "dark" else "rgb(251, 250, 248)")
