from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, ValidationError

from ganzoo import LocalPath, LossSpec, Options, RecipeSpec, RequestError, UnreadableImage


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


def test_an_unreadable_image_names_the_file_and_the_reason() -> None:
    error = UnreadableImage("a.png", "it is empty", skip=True)
    assert str(error) == "cannot read the image a.png: it is empty"
    assert error.skip
