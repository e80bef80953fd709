from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops

import ganzoo
from ganzoo.errors import RequestError
from ganzoo.evaluation.record import EvaluationResult, Score
from ganzoo.output.poster import facts
from ganzoo.output.poster.best_images import best_images
from ganzoo.output.poster.canvas import Canvas
from ganzoo.output.poster.generated import Choice, row_names
from ganzoo.output.poster.paper import Paper
from ganzoo.output.poster.poster import Poster
from ganzoo.output.trained import TrainedRun

Arguments = Callable[..., dict[str, Any]]
SMALL = Paper("a4", dpi=60)


@pytest.fixture
def run(tiny: Arguments) -> TrainedRun:
    return ganzoo.train(**tiny(settings={"sample.every": 1}))


def exported(run: TrainedRun, folder: Path) -> ganzoo.TrainedGenerator:
    ganzoo.export_generator(run, "safetensors", folder / "exported.safetensors")
    return ganzoo.load(folder / "exported.safetensors")


def test_the_best_image_has_the_highest_score(run: TrainedRun) -> None:
    images = run.generate(12, seed=3)
    best = best_images(run, 3, best_of=4, seed=3)
    with torch.no_grad():
        scores = run.discriminator(run.generator(run.latents(12, seed=3))).flatten()
    expected = images[scores.view(3, 4).argmax(1) + torch.tensor([0, 4, 8])]
    assert torch.equal(best, expected)
    assert torch.equal(best_images(run, 3, best_of=1, seed=3), images[:3])


def test_a_poster_is_reproducible_and_shows_the_training(run: TrainedRun) -> None:
    poster = Poster(SMALL, choice=Choice(count=4, best_of=2))
    seen: list[tuple[int, int]] = []
    image = poster.draw(run, lambda done, more: seen.append((done, more)))
    assert image.size == SMALL.pixels == (496, 702)
    assert image.tobytes() == poster.draw(run).tobytes()
    assert sum(done for done, _ in seen) == sum(more for _, more in seen if more > 0) >= 4
    assert sum(more for _, more in seen) == 0
    for path in run.folder.glob("samples/step-*.png"):
        path.unlink()
    without = poster.draw(run)
    assert without.tobytes() != image.tobytes()


@pytest.mark.parametrize("paper", [SMALL, Paper("a4", True, 60), Paper("square", dpi=60)])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_drawn_on_the_margins(run: TrainedRun, paper: Paper, theme: Any) -> None:
    title = "A title that is much too long for a poster of this size and of any other size, really"
    image = Poster(paper, theme, title=title, choice=Choice(count=12)).draw(run)
    background = Image.new("RGB", image.size, image.getpixel((0, 0)))
    box = ImageChops.difference(image, background).getbbox()
    assert box is not None
    margin = 0.05 * min(image.size)
    assert min(box[0], box[1], image.width - box[2], image.height - box[3]) >= margin
    assert box[2] - box[0] > 0.85 * image.width  # the page is filled
    assert box[3] - box[1] > 0.85 * image.height


@pytest.mark.parametrize("options", [{}, {"dataset.condition": "vector"}], ids=["class", "values"])
def test_a_conditional_run_has_rows(tiny: Arguments, options: dict[str, Any]) -> None:
    settings = {"data.conditional": True, **options}
    trained = ganzoo.train(**tiny(settings=settings))
    assert row_names(trained) == list(trained.row_names)
    assert Poster(SMALL, choice=Choice(best_of=2)).draw(trained).size == SMALL.pixels


def test_an_exported_file_has_a_poster_without_its_training(
    run: TrainedRun, tmp_path: Path
) -> None:
    generator = exported(run, tmp_path)
    assert "not selected" in facts.note(generator, 8, "Seed 0.")
    assert "score of the discriminator among 8" in facts.note(run, 8, "Seed 0.")
    labels = {fact.label: fact.value for fact in facts.facts(generator)}
    assert labels.items() >= {"steps": "3", "images seen": "48", "real images": "20"}.items()
    assert Poster(SMALL).draw(generator).size == SMALL.pixels


def test_scores_are_those_of_the_checkpoint() -> None:
    def result(step: int, value: float) -> EvaluationResult:
        score = Score(value, 100, 0.001, 50, "low", by_features=True)
        shape, names = (3, 8, 8), ("", "random", "")
        return EvaluationResult(step, 0, {"kid": score}, 100, 100, shape, *names, 0, 1.0)

    found = [result(1, 0.9), result(2, 0.51234), result(2, 0.25)]
    assert facts.scores(found, 2) == [facts.Fact("0.25", "kid, real images 0.001")]
    assert facts.scores(found, 3) == []


def test_text_is_wrapped_and_fits() -> None:
    canvas = Canvas(SMALL)
    lines = canvas.wrapped("one two three four five six", 5, 100)
    assert " ".join(lines) == "one two three four five six"
    assert len(lines) > 1
    assert all(canvas.width(line, 5) <= 100 for line in lines)
    assert canvas.width("one two", canvas.fitting("one two", 50, 100)) <= 102
    with pytest.raises(RequestError, match=r"nowhere\.ttf is not a font"):
        Canvas(SMALL, font=Path("nowhere.ttf")).width("x", 5)


def test_images_are_enlarged_by_repeating_pixels_on_request() -> None:
    canvas = Canvas(SMALL, repeat_pixels=True)
    canvas.paste(torch.tensor([[[0, 255], [255, 0]]], dtype=torch.uint8), 10, 10, 40, 40)
    pixels = np.asarray(canvas.image)[10:50, 10:50, 0]
    assert set(np.unique(pixels)) == {0, 255}
    assert (pixels[:20, :20] == 0).all()
