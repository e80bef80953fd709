"""Short runs with a component find a resume that is not exact, and the fixtures make such runs."""

from __future__ import annotations

import random
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo.testing.fixtures import TinyRun


class Mean:
    independent_scores = False

    def __init__(self, options: ganzoo.Options) -> None:
        self.updates = 0

    def discriminator(self, scores: ganzoo.Scores) -> ganzoo.Terms:
        return {"score": self.factor() * (scores.fake.mean() - scores.real.mean())}

    def generator(self, scores: ganzoo.Scores) -> ganzoo.Terms:
        return {"score": -scores.fake.mean()}

    def factor(self) -> Any:
        return 1


class Forgetful(Mean):
    def factor(self) -> Any:
        self.updates += 1
        return self.updates


class Unseeded(Mean):
    def factor(self) -> Any:
        return random.random()


class Remembering(Forgetful):
    def state_dict(self) -> dict[str, Any]:
        return {"updates": self.updates}

    def load_state_dict(self, state: Any) -> None:
        self.updates = state["updates"]


class Noisy(Mean):
    def factor(self) -> Tensor:
        return torch.rand(())


@pytest.mark.parametrize("loss", [Remembering, Noisy])
def test_a_run_that_resumes_exactly_is_returned(tiny_run: TinyRun, loss: type) -> None:
    run = tiny_run(loss=loss)
    assert run.step == 4
    assert (run.folder / "metrics.jsonl").is_file()


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (Forgetful, r"differs after a resume .*return it from state_dict\(\)"),
        (Unseeded, r"two runs of the same settings differ .*draw random numbers from"),
    ],
)
def test_a_run_that_does_not_resume_exactly_is_found(
    tiny_run: TinyRun, loss: type, message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        tiny_run(loss=loss)


class Average(Mean):
    """Relativistic average: the mean is of the images that it sees, not of the whole batch."""

    def generator(self, scores: ganzoo.Scores) -> ganzoo.Terms:
        return {"score": (scores.real.mean() - scores.fake).square().mean()}


@pytest.mark.parametrize(("loss", "is_same"), [(Mean, True), (Average, False)])
def test_two_pieces_show_whether_two_processes_compute_the_same(
    tiny_run: TinyRun, loss: type, is_same: bool
) -> None:
    whole = tiny_run(loss=loss)
    pieces = tiny_run(loss=loss, settings={"train.accumulate": 2})
    losses = [run.history[-1]["loss/generator"] for run in (whole, pieces)]
    assert (losses[0] == pytest.approx(losses[1], rel=1e-3)) is is_same


def test_several_processes_are_refused(tiny_run: TinyRun) -> None:
    with pytest.raises(ganzoo.RequestError, match=r"a tiny run is one process.*accumulate=2"):
        tiny_run(settings={"train.devices": 2})


def test_the_images_of_the_fixture_are_a_dataset(tiny_run: TinyRun, tiny_images: Path) -> None:
    run = tiny_run(dataset="image-folder", settings={"dataset.path": tiny_images})
    assert run.class_names == ("bright", "dark")


def test_a_recipe_is_run_with_four_steps(
    tiny_run: TinyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
        dataset = {name = "blossoms", count = 8}
        architecture = {name = "mlp", width = 4}
        loss = "hinge"
        train.epochs = 100
    """
    monkeypatch.setattr(ganzoo.RecipeSpec, "read", lambda self: text)
    recipe = ganzoo.RecipeSpec(name="mine", summary="A recipe.", settings="package/my.toml")
    module = ModuleType("my_recipes")
    module.__dict__["ganzoo_recipes"] = ganzoo.hookimpl(lambda: [recipe])
    run = tiny_run(module, recipe="mine")
    assert (run.run.title, run.step) == ("blossoms-mlp-hinge", 4)
    assert run.run.train.batch_size == 4
