from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from ganzoo import LocalPath, Names, Options, RequestError
from ganzoo.errors import did_you_mean
from ganzoo.setting_errors import setting_error
from ganzoo.setting_types import split_names
from ganzoo.settings import Settings, explain


def settings(*assignments: str) -> Settings:
    found = Settings()
    found.override(assignments)
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1000", 1000),
        ("1e-4", 1e-4),
        ("true", True),
        ("null", None),
        ("[0.5, 0.99]", [0.5, 0.99]),
        ('"7"', "7"),
        ("some/folder", "some/folder"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_a_value_is_parsed_as_json_or_kept_as_text(text: str, value: object) -> None:
    assert settings(f"train.steps={text}").values == {"train": {"steps": value}}


def test_a_component_is_added_under_another_label() -> None:
    given = settings("observe.tracker=wandb", "observe.tracker.project=x", "augment.mirror=false")
    assert given.values["observe"] == {"tracker": {"name": "wandb", "project": "x"}}
    given.override(["observe.tracker=trackio", "augment.mirror=flip"])
    assert given.values == {
        "observe": {"tracker": {"name": "trackio"}},
        "augment": {"mirror": {"name": "flip"}},
    }


class Named(Options):
    path: LocalPath = Field(Path("x"), description="A folder.")
    classes: tuple[str, ...] = Field((), description="Names.")
    rate: float = Field(0.5, description="A number.")


@pytest.mark.parametrize("text", ["2024.10", "1.0", "1e3", "1E-05", "NaN"])
def test_a_name_that_looks_like_a_number_is_kept_as_written(text: str, tmp_path: Path) -> None:
    given = settings(f"path={text}", f'classes=[{text}, "rose"]').values
    assert Named.model_validate(given).path.name == text
    assert Named.model_validate(given).classes == (text, "rose")
    file = tmp_path / "x.toml"
    file.write_text(f"path = {text.lower()}\n")
    found = Settings()
    found.read(file)
    assert Named.model_validate(found.values).path.name == text.lower()


def test_a_list_of_names_may_be_one_text_where_the_option_says_so() -> None:
    class Columns(Options):
        names: Names = Field((), description="Columns.")

    for text in ("names=age,smile", 'names=["age", "smile"]'):
        assert Columns.model_validate(settings(text).values).names == ("age", "smile")
    with pytest.raises(ValidationError) as refused:
        Named.model_validate({"classes": "a,b"})
    message = str(setting_error(refused.value, "dataset", Named.model_fields, {}))
    assert message == """dataset.classes=a,b: write a list, such as '["a", "b"]'"""


def test_a_float_option_gets_a_plain_float() -> None:
    given = Named.model_validate(settings("rate=1e-4").values)
    assert type(given.rate) is float
    assert given.rate == 1e-4


def test_values_that_python_cannot_parse_are_kept_as_text() -> None:
    for text in ("9" * 5000, "[" * 100_000):
        assert settings(f"seed={text}").values == {"seed": text}


@pytest.mark.parametrize("text", ['data.classes="\\ud800"', "dataset.path=\udcff"])
def test_a_value_that_is_not_utf_8_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="not UTF-8") as caught:
        settings(text)
    str(caught.value).encode()


def test_too_deeply_nested_sections_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "deep.toml"
    file.write_text(f"{'a.' * 3000}a = 1")
    for read in (
        lambda: settings(f"{'a.' * 3000}a=1"),
        lambda: settings("a=" + '{"a":' * 300 + "1" + "}" * 300),
        lambda: Settings().read(file),
    ):
        with pytest.raises(RequestError, match="nested too deeply"):
            read()


@pytest.mark.parametrize("text", ["nonsense", "=1", "train.=1", "1=2", "train..steps=1", "a b=1"])
def test_an_argument_that_is_not_an_assignment_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="KEY=VALUE"):
        settings(text)


def test_a_later_layer_overrides_and_is_the_origin(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("seed = 3\n[train]\nsteps = 10\n[train.generator]\nlr = 1e-3\n")
    found = Settings()
    found.read(file)
    found.override(["train.generator.lr=1e-4"])
    assert found.values == {"seed": 3, "train": {"steps": 10, "generator": {"lr": 1e-4}}}
    assert found.origins["seed"] == str(file)
    assert found.origins["train.generator.lr"] == "command line"


def test_recommendations_apply_only_to_settings_that_are_not_set() -> None:
    found = settings("train.batch_size=8")
    found.recommend({"train.batch_size": 64, "train.discriminator.steps": 5}, "loss wgan-gp")
    assert found.values["train"] == {"batch_size": 8, "discriminator": {"steps": 5}}
    assert found.origins["train.discriminator.steps"] == "loss wgan-gp"


def test_naming_another_component_removes_the_options_of_the_first() -> None:
    found = settings("loss=wgan", "loss.clip=5", "loss=hinge")
    assert found.values == {"loss": {"name": "hinge"}}
    assert list(found.origins) == ["loss.name"]


def test_naming_the_same_component_again_keeps_its_options() -> None:
    found = settings("loss=wgan", "loss.clip=5", "loss=wgan")
    assert found.values == {"loss": {"name": "wgan", "clip": 5}}


def test_an_augmentation_is_switched_on_and_off() -> None:
    on = settings("augment.flip=true", "augment.flip.probability=1")
    assert on.values == {"augment": {"flip": {"probability": 1}}}
    off = settings("augment.flip.probability=1", "augment.rotate=true", "augment.flip=false")
    assert off.values == {"augment": {"rotate": {}, "flip": False}}
    assert "augment.flip.probability" not in off.origins
    again = settings("augment.flip=false", "augment.flip.probability=1")
    assert again.values == {"augment": {"flip": {"probability": 1}}}


def test_short_and_qualified_names_are_the_same_augmentation() -> None:
    both = settings("augment.classic-augment/flip.probability=1", "augment.flip.vertical=0.5")
    section = {"probability": 1, "name": "classic-augment/flip", "vertical": 0.5}
    assert both.values == {"augment": {"flip": section}}
    removed = {"augment": {"flip": False}}
    assert settings("augment.a/flip.x=1", "augment.flip=false").values == removed
    assert settings("augment.flip.x=1", "augment.a/flip=false").values == removed
    assert settings("augment.flip.x=1", "augment.a/flip=true").values["augment"] == {
        "flip": {"x": 1, "name": "a/flip"}
    }


def test_the_short_name_of_a_stored_component_keeps_its_options() -> None:
    found = settings("loss=wgan/wgan", "loss.clip=3", "loss=wgan")
    assert found.values == {"loss": {"name": "wgan/wgan", "clip": 3}}


def test_the_name_in_a_table_is_set_before_its_options(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('[loss]\nclip = 3\nname = "wgan"\n')
    found = settings("loss=hinge")
    found.read(file)
    assert found.values == {"loss": {"name": "wgan", "clip": 3}}


def test_an_empty_section_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("[train]\n")
    found = settings("train.steps=5")
    found.read(file)
    assert found.values == {"train": {"steps": 5}}


def test_a_key_below_a_plain_value_is_refused() -> None:
    with pytest.raises(RequestError, match="seed is a plain value"):
        settings("seed=1", "seed.deep=2")


def test_a_json_object_sets_each_of_its_values() -> None:
    found = settings('train={"steps": 5, "generator": {"lr": 1}}')
    assert list(found.origins) == ["train.steps", "train.generator.lr"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no settings file"),
        ("steps = = 1", "is not TOML"),
        (f"steps = {'9' * 5000}", "is not TOML"),
        (f"steps = {'[' * 5000}", "is not TOML"),
    ],
)
def test_an_unusable_file_is_named(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "run.toml"
    if text:
        file.write_text(text)
    with pytest.raises(RequestError, match=message) as caught:
        Settings().read(file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"seed = 1\nseed = 2\n", "is not TOML: Cannot overwrite a value"),
        (b"[train]\n[train]\n", "is not TOML: Cannot declare"),
        (b"train:\n  steps: 5\n", "is not TOML"),
        ("seed = 1".encode("utf-16"), "cannot read the settings file"),
        (b"\x00\x01", "is not TOML"),
    ],
    ids=["duplicate key", "duplicate section", "YAML", "UTF-16", "no text"],
)
def test_content_that_is_not_a_settings_file_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "run.toml"
    file.write_bytes(content)
    with pytest.raises(RequestError, match=message) as caught:
        Settings().read(file)
    assert "\n" not in str(caught.value)


def test_a_path_that_is_not_a_readable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    for path in (tmp_path, tmp_path / "loop.toml"):
        with pytest.raises(RequestError, match=f"cannot read the settings file {path}"):
            Settings().read(path)


def test_an_empty_file_or_one_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    for content, values in (
        (b"", {}),
        (b"# only a comment\n", {}),
        (b"\xef\xbb\xbf[train]\r\n\tsteps\t=\t3\r\n", {"train": {"steps": 3}}),
    ):
        file.write_bytes(content)
        found = Settings()
        found.read(file)
        assert found.values == values


def test_values_without_an_origin_are_defaults() -> None:
    found = list(explain({"a": {"b": 1, "c": 2}}, {"a.b": "file.toml"}))
    assert found == [("a.b", 1, "file.toml"), ("a.c", 2, "default")]


class Training(Options):
    steps: int = Field(10, ge=1, description="Steps.")


def error_of(values: dict[str, object]) -> str:
    with pytest.raises(ValidationError) as caught:
        Training.model_validate(values)
    return str(setting_error(caught.value, "train", ["train.steps"], {"train.steps": "mine.toml"}))


def test_an_unknown_key_gets_a_suggestion() -> None:
    message = error_of({"stepz": 5})
    assert message == "there is no setting train.stepz; did you mean train.steps?"


def test_an_invalid_value_is_shown_with_its_key() -> None:
    assert error_of({"steps": "many"}).startswith("train.steps=many: input should be a valid int")
    expected = "train.steps=0: input should be greater than or equal to 1 (set by mine.toml)"
    assert error_of({"steps": 0}) == expected


def test_without_a_similar_name_there_is_no_suggestion() -> None:
    assert did_you_mean("zzz", ["train.steps"]) == ""


def test_a_name_in_capitals_is_the_same_name() -> None:
    assert did_you_mean("WGAN-GP", ["wgan", "wgan-gp"]) == "; did you mean wgan-gp?"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("fd, kid", ("fd", "kid")),
        (" fd ,,kid,", ("fd", "kid")),
        ("black eyed susan, rose", ("black eyed susan", "rose")),
        ("", ()),
        (5, ("5",)),
        (0.5, ("0.5",)),
        (["a, b"], ["a, b"]),
        (None, None),
        (True, True),
    ],
)
def test_names_in_one_text_are_split_at_commas(names: object, found: object) -> None:
    assert split_names(names) == found


def test_a_removed_component_is_not_recommended() -> None:
    found = settings("regularize.r1=false")
    recommended = {"regularize.r1": {}, "regularize.more/r1.gamma": 1.0, "regularize.r2.gamma": 2.0}
    found.recommend(recommended, "loss mine")
    assert found.values == {"regularize": {"r1": False, "r2": {"gamma": 2.0}}}
    found.include("regularize", "r1", "--regularize r1")
    assert found.values["regularize"]["r1"] == {}


def test_including_a_component_keeps_its_options() -> None:
    found = settings("augment.flip.probability=1")
    found.include("augment", "flip", "--augment flip")
    found.include("augment", "classic-augment/flip", "--augment classic-augment/flip")
    expected = {"probability": 1, "name": "classic-augment/flip"}
    assert found.values == {"augment": {"flip": expected}}
