from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo import RequestError
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.sweeps import FILE, Sweep, describe, short_keys, title, trials


def run(architecture: str = "dcgan", loss: str = "hinge") -> Run:
    settings = Settings()
    settings.add({"dataset": "blossoms", "architecture": architecture, "loss": loss}, "here")
    return Run.resolve(settings)


def names(*differs: dict[str, str]) -> list[str]:
    return [trial.name for trial in trials(differs, [run()] * len(differs))]


@pytest.mark.parametrize(
    ("keys", "short"),
    [
        (["train.batch_size", "architecture.head", "seed"], ["batch_size", "head", "seed"]),
        (["train.generator.lr", "train.discriminator.lr"], ["generator.lr", "discriminator.lr"]),
        (["seed", "dataset.seed"], ["seed", "dataset.seed"]),
    ],
)
def test_a_short_key_is_the_shortest_unique_end(keys: list[str], short: list[str]) -> None:
    assert short_keys(keys) == short


def test_a_run_is_described_by_the_settings_that_differ() -> None:
    assert describe({"train.batch_size": "64", "architecture.head": "dense"}) == (
        "batch_size=64 head=dense"
    )


def test_a_folder_name_has_the_number_and_the_settings_that_differ() -> None:
    assert names({"train.batch_size": "64"}, {"train.batch_size": "128"}) == [
        "1-batch_size=64",
        "2-batch_size=128",
    ]
    assert names({}) == ["1"]
    assert names(*[{"seed": "7"}] * 10)[::9] == ["01-seed=7", "10-seed=7"]


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ("[0, 0.9]", "0,_0.9"),
        ('"rose,tulip"', "rose,tulip"),
        ("../other images/*", ".._other_images"),
        ("Blüten", "Bl_ten"),
        ("50000 images", "50000_images"),
        ("...", ""),
    ],
)
def test_folder_names_are_safe(value: str, safe: str) -> None:
    (name,) = names({"a.b": value})
    assert name == f"1-b={safe}".rstrip("=")


def test_folder_names_are_short_and_unique() -> None:
    long = [{"dataset.path": "x" * 500 + end} for end in "ab"]
    first, second = names(*long)
    assert first != second
    assert len(first) == 100


def test_a_title_joins_the_names_of_each_kind() -> None:
    runs = [run(), run("mlp"), run(loss="wgan-gp"), run("mlp", "wgan-gp")]
    assert title(runs) == "blossoms-dcgan+mlp-hinge+wgan-gp"


def test_a_sweep_is_read_as_written(tmp_path: Path) -> None:
    new = trials([{"seed": "0"}, {"seed": "1"}], [run(), run()])
    Sweep.create(tmp_path / "sweep", new)
    assert Sweep.open(tmp_path / "sweep").trials == new


def test_unnamed_sweeps_are_numbered(tmp_path: Path) -> None:
    created = [Sweep.create_numbered(tmp_path / "new", "a+b", []).path.name for _ in range(2)]
    assert created == ["a+b-001", "a+b-002"]


def test_a_folder_that_cannot_be_created_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match="cannot create the sweep folder"):
        Sweep.create(tmp_path / "file" / "sweep", [])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"trials": [{}]}', '{"trials": [{"nam'])
def test_a_damaged_list_is_named_in_the_error(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(RequestError, match=r"cannot read .*sweep\.json: "):
        Sweep.open(tmp_path)
