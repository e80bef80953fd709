"""Components given as objects."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo import Phase, RequestError, Step, Terms
from ganzoo.cli import main
from tests.program_objects import Invert, MyLoss, Noise, StatefulLoss, Width, lines, same_weights

Arguments = Callable[..., dict[str, Any]]


def test_every_component_may_be_an_object(tiny: Arguments) -> None:
    given = {"dataset": Noise(), "loss": MyLoss(), "augment": [Invert(), "flip"]}
    kwargs = tiny(architecture="lines", **given, settings={"architecture.width": 5})
    kwargs["architecture"] = ganzoo.ArchitectureSpec(
        name="lines", summary="One layer each.", factory=lines, options=Width
    )
    run = ganzoo.train(**kwargs)
    assert run.run.title == "noise-lines-my-loss"
    assert run.class_names == ("dark", "light")
    assert run.latents(2).shape == (2, 5)
    stored = (run.folder / "run.toml").read_text()
    for name in ("noise", "lines", "my-loss", "invert"):
        assert f'name = "python/{name}"' in stored
    assert "python (objects of a program)" in (run.folder / "environment.json").read_text()


def test_a_component_may_be_a_factory(tiny: Arguments) -> None:
    kwargs = tiny(loss=lambda options: MyLoss())
    with pytest.raises(RequestError, match=r"no name of its own: wrap it in ganzoo\.Loss"):
        ganzoo.train(**kwargs)
    kwargs = tiny() | {"architecture": lines, "settings": {"dataset.count": 20}}
    assert ganzoo.train(**kwargs).run.title == "blossoms-lines-non-saturating"


class OnlyGenerator:
    """A method that makes generated images as bright as real ones."""

    independent_scores = False

    def phases(self) -> list[Phase]:
        networks = ("generator",)
        return [Phase(name="generator", networks=networks, terms=self.terms, new_images=True)]

    def terms(self, step: Step) -> Terms:
        return {"brightness": (step.fake.images.mean() - step.real.images.mean()).abs()}


class Small:
    """A regularizer of the generator."""

    network, every, independent_scores = "generator", 1, False

    def terms(self, step: Step) -> Terms:
        return {"size": step.fake.images.square().mean()}


def test_a_loss_may_be_a_method_and_a_regularizer_an_object(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(loss=OnlyGenerator(), regularize=Small()))
    assert run.run.title == "blossoms-dcgan-only-generator"
    report = json.loads((run.folder / "metrics.jsonl").read_text().splitlines()[-1])
    assert {"generator/brightness", "generator/size"} <= report.keys()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"loss": object()}, "must have independent_scores, discriminator, generator"),
        (
            {"loss": MyLoss},
            "it cannot be called with .options.: give a factory with these arguments",
        ),
        (
            {"dataset": [1, 2]},
            "give a name, the path of images, a ganzoo.DatasetSpec, what its factory returns",
        ),
        (
            {"loss": ganzoo.DatasetSpec(name="x", summary="X.", factory=Noise)},
            "expected the kind loss, not dataset",
        ),
        (
            {"loss": ganzoo.LossSpec(name="x", summary="X.", factory="no path")},
            "its factory should be",
        ),
        ({"augment": [Invert(), Invert()]}, "two augmentation objects called invert"),
    ],
)
def test_an_object_that_is_not_a_component_is_refused_in_one_line(
    tiny: Arguments, tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestError, match=message) as refused:
        ganzoo.train(**{**tiny(), **given})
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("function", [ganzoo.resume, ganzoo.load])
def test_an_existing_run_opens_no_path_instead_of_its_dataset(
    tmp_path: Path, function: Callable[..., object]
) -> None:
    (tmp_path / "run.toml").write_text("")
    with pytest.raises(RequestError, match=r"an existing run keeps .* the setting dataset\.path"):
        function(tmp_path, dataset=tmp_path)


def test_a_run_with_objects_resumes_with_the_same_objects(tiny: Arguments) -> None:
    given: dict[str, Any] = {"dataset": Noise(), "augment": Invert(), "loss": StatefulLoss()}
    uninterrupted = ganzoo.train(**tiny("uninterrupted", **given))
    half = ganzoo.train(**tiny("half", **given, steps=2))
    assert given["loss"].weight == 1  # each run gets a copy
    resumed = ganzoo.resume(half.folder, **given, steps=3, quiet=True)
    assert same_weights(resumed, uninterrupted)
    assert ganzoo.resume(half, steps=4, quiet=True).step == 4  # the TrainedRun has its objects


def test_a_missing_object_is_named_in_the_error(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(loss=MyLoss()))
    with pytest.raises(RequestError, match=r"my-loss was passed as a Python object: pass it again"):
        ganzoo.resume(run.folder)
    assert torch.equal(ganzoo.load(run.folder).generate(2), run.generate(2))


def test_generating_needs_no_dataset_and_no_augmentation(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(dataset=Noise(), augment=Invert()))
    assert torch.equal(ganzoo.load(run.folder).generate(2), run.generate(2))
    before = {file: file.stat().st_mtime_ns for file in run.folder.rglob("*")}
    with pytest.raises(RequestError, match=r"noise was passed as a Python object.* dataset=\.\.\."):
        ganzoo.resume(run.folder, steps=5, quiet=True)
    with pytest.raises(RequestError, match=r"invert was passed as a Python.* augment=\.\.\."):
        ganzoo.resume(run.folder, dataset=Noise(), steps=5, quiet=True)
    assert before == {file: file.stat().st_mtime_ns for file in before}


def test_the_command_line_names_a_missing_object(
    tiny: Arguments, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ganzoo.train(**tiny(loss=MyLoss()))
    monkeypatch.setattr(sys, "argv", ["ganzoo", "resume", str(run.folder)])
    with pytest.raises(SystemExit) as exited:
        main()
    assert exited.value.code == 2
    assert "the loss my-loss was passed as a Python object" in capsys.readouterr().err


def test_a_plugin_may_not_be_called_python(tmp_path: Path) -> None:
    from ganzoo.registry import Registry

    file = tmp_path / "python.py"
    file.write_text("")
    (failed,) = Registry.discover(files=[file]).failures
    assert "is reserved for Python objects" in failed.reason
