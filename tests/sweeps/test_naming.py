from __future__ import annotations

import pytest

from ganzoo.sweeps.naming import describe, short_keys, title
from ganzoo.sweeps.trial import trials
from tests.sweeps.runs import run


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
