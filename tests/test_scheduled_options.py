"""Options of a run that are schedules."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import tomli_w

import ganzoo
from ganzoo import RequestError, Schedule
from ganzoo.cli.keys import all_keys
from ganzoo.configured_components import ConfiguredComponent
from ganzoo.registry import Registry
from ganzoo.run import Run
from ganzoo.scheduled_options import example, may_be_schedule, with_values
from ganzoo.settings import Settings

REGISTRY = Registry.discover()


def resolve(values: Mapping[str, Any] | None = None, *assignments: str) -> Run:
    found = Settings()
    found.override(["dataset=blossoms", "architecture=dcgan", "loss=lsgan", *assignments])
    found.add(values or {}, "mine.toml")
    return Run.resolve(found, REGISTRY)


SCHEDULES = {
    "train.generator.lr": "2e-4 -> 0 cosine",
    "train.ema.half_life": "500 -> 20000 linear over 100000 images",
    "train.discriminator.betas": [0.5, "0.9 -> 0.999 linear"],
    "loss.b": "constant 1 for 1000 images then 1 -> 0 linear",
    "augment.rotate.degrees": "0 -> 15 linear over 5000 images",
}


def test_any_number_of_training_a_loss_or_an_augmentation_may_be_a_schedule() -> None:
    run = resolve(SCHEDULES)
    assert {key: str(schedule) for key, schedule in run.schedules.items()} == {
        **{k: v for k, v in SCHEDULES.items() if isinstance(v, str)},
        "train.discriminator.betas.1": "0.9 -> 0.999 linear",
    }
    assert (run.train.generator.lr, run.train.ema.half_life) == (2e-4, 500)
    assert run.train.discriminator.betas == (0.5, 0.9)
    assert run.augment["rotate"].options.model_dump()["degrees"] == 0
    assert run.values_at(2500, 5000) == pytest.approx(
        {
            "train.generator.lr": 1e-4,
            "train.ema.half_life": 987.5,
            "train.discriminator.betas.1": 0.9495,
            "loss.b": 0.625,
            "augment.rotate.degrees": 7.5,
        }
    )


def test_a_run_with_schedules_is_the_same_after_it_was_stored(tmp_path: Path) -> None:
    run = resolve(SCHEDULES)
    assert run.tree()["train"]["discriminator"]["betas"] == SCHEDULES["train.discriminator.betas"]
    assert run.tree()["loss"]["b"] == SCHEDULES["loss.b"]
    file = tmp_path / "run.toml"
    file.write_text(tomli_w.dumps(run.tree()))
    stored = Settings()
    stored.read(file)
    again = Run.resolve(stored, REGISTRY, recommend=False)
    assert again.tree() == run.tree() == tomllib.loads(file.read_text())
    assert again.schedules == run.schedules


def test_a_schedule_may_be_an_object_or_be_replaced_by_a_number() -> None:
    given = {"loss.b": Schedule.parse("1 -> 0 linear")}
    assert resolve(given).schedules == {"loss.b": given["loss.b"]}
    plain = resolve(None, "loss.b=1 -> 0 linear", "loss.b=0.5")
    assert not plain.schedules


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        (
            "train.generator.lr=1e-4 -> -1 linear",
            "train.generator.lr=1e-4 -> -1 linear: with the value -1.0, input should be greater "
            "than or equal to 0",
        ),
        ("augment.rotate.degrees=0 -> 200 linear", "with the value 200.0, input should be less"),
        (
            'train.generator.betas=[0.5, "0.9 -> 1 linear"]',
            "train.generator.betas.1=0.9 -> 1 linear: with the value 1.0, input should be less",
        ),
        ("loss.b=1 -> 0 lineer", "loss.b=1 -> 0 lineer: write a schedule such as"),
        ("train.generator.r=1 -> 0 linear", "no setting train.generator.r; did you mean train.gen"),
        ("train.batch_size=8 -> 16 linear", "train.batch_size=8 -> 16 linear: it cannot be a sch"),
        ("train.epochs=8 -> 16 linear", "train.epochs=8 -> 16 linear: it cannot be a schedule"),
        ("growth.stable_images=1 -> 2 linear", "it cannot be a schedule"),
        ("dataset.petals=1 -> 2 linear", "it cannot be a schedule"),
        ("architecture.dropout=0 -> 0.5 linear", "it cannot be a schedule"),
        ("sample.every=1 -> 2 linear", "it cannot be a schedule"),
        ("train=constant 5", "train is a plain value, not a section"),
    ],
)
def test_an_invalid_schedule_is_refused_in_one_line(assignment: str, message: str) -> None:
    growing = ["architecture=growing-mlp"] if "growth" in assignment else []
    if "petals" in assignment:
        field = next(iter(REGISTRY.find("dataset", "blossoms").component.options.model_fields))
        assignment = assignment.replace("petals", field)
    with pytest.raises(RequestError) as caught:
        resolve(None, *growing, assignment)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_invalid_value_of_a_file_has_its_origin() -> None:
    with pytest.raises(RequestError, match=r"less than 1 \(set by mine.toml\)$"):
        resolve({"train.generator.betas": [0.5, "0.9 -> 1 linear"]})


KEYS = [key for key in all_keys(REGISTRY.entries()) if may_be_schedule(key.name, key.field)]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_the_example_of_each_option_is_valid(key: Any) -> None:
    setting = example(key.name, key.field)
    if key.name.startswith("loss."):
        run = resolve(None, f"loss={key.entry.qualified_name}", setting)
    else:
        run = resolve(None, setting)
    assert any(each.startswith(key.name) for each in run.schedules)


def test_a_component_gets_other_values() -> None:
    class Two(ganzoo.Options):
        weights: tuple[float, float] = (1.0, 2.0)
        name_of: str = "x"

    spec = ganzoo.LossSpec(name="two", summary="Two.", factory=dict, options=Two)
    entry = REGISTRY.entries("loss")[0]._replace(component=spec)
    changed = ConfiguredComponent(entry, Two()).with_values({"weights.1": 5, "name_of": "y"})
    assert changed.options == Two(weights=(1, 5), name_of="y")
    with pytest.raises(RequestError, match=r"^weights\.1=no: input should be a valid num"):
        ConfiguredComponent(entry, Two()).with_values({"weights.1": "no"})
    train = with_values(resolve().train, {"generator.betas.0": 0.25, "ema.half_life": 7.0})
    assert (train.generator.betas, train.ema.half_life) == ((0.25, 0.999), 7.0)
