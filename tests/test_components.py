from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, ValidationError

from ganzoo import (
    LocalPath,
    LossSpec,
    MeasuredImages,
    MeasuredMachine,
    MeasuredPoint,
    MeasuredResult,
    Options,
    RecipeSpec,
    RequestError,
    UnreadableImage,
    dump_results,
)


class Given(Options):
    weight: float = Field(1.0, ge=0, description="A weight.")
    path: LocalPath | None = Field(None, description="A path.")
    name: str = Field("", description="A text.")


def loss(factory: Any) -> LossSpec:
    return LossSpec(name="some-loss", summary="A loss.", factory=factory, options=Given)


@pytest.mark.parametrize("name", ["Hinge", "two words", "under_score", "", "-a", "a--b"])
def test_a_name_that_is_not_lower_case_with_hyphens_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="lower-case-with-hyphens"):
        LossSpec(name=name, summary="A loss.", factory="x:y")


def test_a_factory_may_be_an_import_string() -> None:
    assert loss("builtins:repr").build(Given(weight=2)).startswith("Given(weight=2.0")


@pytest.mark.parametrize("error", [ValueError("too small"), KeyError("too small")])
def test_a_value_error_of_a_factory_is_a_request_error(error: Exception) -> None:
    def refuse(options: Given) -> None:
        raise error

    with pytest.raises(RequestError, match=r"loss some-loss: .*too small"):
        loss(refuse).build(Given())


def test_other_errors_of_a_factory_pass_unchanged() -> None:
    def fail(options: Given) -> None:
        raise TypeError("a bug")

    with pytest.raises(TypeError, match="a bug"):
        loss(fail).build(Given())


@pytest.mark.parametrize("values", [{"weigth": 1}, {"weight": "nan"}, {"weight": "inf"}])
def test_unknown_options_and_numbers_that_are_not_finite_are_refused(
    values: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError):
        Given.model_validate(values)


def test_a_path_is_stored_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    assert Given.model_validate({"path": "pics"}).path == tmp_path / "pics"
    assert Given.model_validate({"path": "~/pics"}).path == Path("/home/someone/pics")


@pytest.mark.parametrize("value", ["", "~nobody-of-this-name/x"])
def test_an_invalid_path_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        Given.model_validate({"path": value})


def test_a_path_may_be_a_number() -> None:
    path = Given.model_validate({"path": 2024}).path
    assert path is not None
    assert path.name == "2024"


def test_a_text_may_be_a_number() -> None:
    assert Given.model_validate({"name": 2024}).name == "2024"


def test_a_recipe_reads_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "recipe_package"
    (package / "recipes").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "recipes" / "small.toml").write_text("seed = 7\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    recipe = RecipeSpec(
        name="small", summary="Small.", settings="recipe_package/recipes/small.toml"
    )
    assert recipe.read() == "seed = 7\n"
    sys.modules.pop("recipe_package", None)


def test_a_recipe_reads_its_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "results_package").mkdir()
    file = tmp_path / "results_package" / "small.json"
    monkeypatch.syspath_prepend(str(tmp_path))
    recipe = RecipeSpec(
        name="small", summary="Small.", settings="x/y", results="results_package/small.json"
    )
    result = MeasuredResult(
        images=MeasuredImages(name="flowers", count=100, shape=(3, 32, 32)),
        machine=MeasuredMachine(name="a processor", operations_per_second=1e11),
        extractor="random",
        samples=2000,
        real=100,
        points=(
            MeasuredPoint(images_seen=1000, seconds=60, metrics={"kid": 0.5}),
            MeasuredPoint(images_seen=2000, seconds=120, metrics={"kid": 0.4}),
        ),
    )
    file.write_text(dump_results((result,)))
    assert recipe.read_results() == (result,)
    assert result.last.metrics == {"kid": 0.4}
    assert RecipeSpec(name="small", summary="Small.", settings="x/y").read_results() == ()


def test_damaged_results_name_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "damaged_package").mkdir()
    (tmp_path / "damaged_package" / "small.json").write_text('[{"samples": 0}]')
    monkeypatch.syspath_prepend(str(tmp_path))
    recipe = RecipeSpec(
        name="small", summary="Small.", settings="x/y", results="damaged_package/small.json"
    )
    with pytest.raises(ValueError, match=r"0\.images: Field required"):
        recipe.read_results()


def test_an_unreadable_image_names_the_file_and_the_reason() -> None:
    error = UnreadableImage("a.png", "it is empty", skip=True)
    assert str(error) == "cannot read the image a.png: it is empty"
    assert error.skip
