from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from torch import nn
from typer.testing import CliRunner

import ganzoo_recipes
from ganzoo import ImageShape, LossRequirements, Networks, load
from ganzoo.cli import app
from ganzoo.settings import explain
from ganzoo.testing import check
from tests.plugins.recipe_runs import recipe_run

RECIPES = {recipe.name: recipe for recipe in ganzoo_recipes.ganzoo_recipes() if not recipe.results}
"""Those with results are written by the leaderboard: tests/test_leaderboard.py compares them."""
BEST = {recipe.name: recipe for recipe in ganzoo_recipes.ganzoo_recipes() if recipe.results}

SMALL = {
    "oxford-wgan": ["architecture.base_channels=2", "train.discriminator.steps=1"],
    "flower-gan": ["architecture.base_channels=2"],
    "dcgan-flowers": ["architecture.base_channels=2"],
    "custom-images": [
        *("architecture.width=4", "growth.stable_images=4", "growth.fade_images=4"),
        *("data.channels=1", "growth.freeze=true"),
    ],
    "in-the-wild": ["architecture.base_channels=2"],
}
"""Settings with which a run of each recipe takes about a second."""

EXPECTED: dict[str, dict[str, Any]] = {
    "oxford-wgan": {
        "dataset.name": "flowers/flowers",
        "architecture.name": "dcgan/dcgan",
        "loss.name": "wgan-gp/wgan-gp",
        "regularize.drift": False,
        "regularize.gradient-penalty.name": "regularizers/gradient-penalty",
        "regularize.gradient-penalty.weight": 10.0,
        "augment.crop.name": "classic-augment/crop",
        "augment.flip.name": "classic-augment/flip",
        "data.resolution": 64,
        "train.steps": 30_000,
        "train.batch_size": 64,
        "train.discriminator.steps": 5,
        "train.generator.lr": 1e-4,
        "train.generator.betas": [0.0, 0.9],
        "train.discriminator.lr": 1e-4,
        "train.discriminator.betas": [0.0, 0.9],
        "checkpoint.every": 500,
        "checkpoint.keep": 2,
        "sample.every": 250,
    },
    "flower-gan": {
        "dataset.name": "flowers/flowers",
        "architecture.name": "fully-convolutional/fully-convolutional",
        "loss.name": "adversarial/non-saturating",
        "data.resolution": 128,
        "train.epochs": 5000.0,
        "checkpoint.every": "10 epochs",
        "sample.every": "100 epochs",
    },
    "dcgan-flowers": {
        "dataset.name": "flowers/flowers",
        "architecture.name": "dcgan/dcgan",
        "architecture.base_channels": 64,
        "architecture.latent_dim": 100,
        "architecture.kernel_size": 5,
        "architecture.head": "dense",
        "architecture.dropout": 0.5,
        "loss.name": "adversarial/non-saturating",
        "augment.flip.name": "classic-augment/flip",
        "data.resolution": 64,
        "train.epochs": 500.0,
        "train.batch_size": 128,
        "train.generator.lr": 2e-4,
        "train.generator.betas": [0.5, 0.999],
        "train.discriminator.lr": 2e-4,
        "train.discriminator.betas": [0.5, 0.999],
        "checkpoint.every": "10 epochs",
        "sample.every": "1 epoch",
    },
    "custom-images": {
        "dataset.name": "mnist/mnist",
        "architecture.name": "growing-mlp/growing-mlp",
        "loss.name": "adversarial/non-saturating",
        "augment.rotate.name": "classic-augment/rotate",
        "augment.rotate.degrees": 10.0,
        "augment.shift.name": "classic-augment/shift",
        "augment.shift.width": 0.1,
        "augment.shift.height": 0.1,
        "augment.shear.name": "classic-augment/shear",
        "augment.shear.amount": 0.15,
        "augment.zoom.name": "classic-augment/zoom",
        "augment.zoom.amount": 0.1,
        "data.resolution": 28,
        "train.discriminator.steps": 1,
        "sample.every": "1 epoch",
    },
    "in-the-wild": {
        "dataset.name": "hdf5/hdf5",
        "dataset.memory": "auto",
        "architecture.name": "dcgan/dcgan",
        "architecture.base_channels": 64,
        "architecture.latent_dim": 100,
        "loss.name": "adversarial/non-saturating",
        "augment.flip.name": "classic-augment/flip",
        "data.resolution": 64,
        "train.epochs": 300.0,
        "train.batch_size": 128,
        "train.generator.lr": 2e-4,
        "train.generator.betas": [0.5, 0.999],
        "train.discriminator.lr": 2e-4,
        "train.discriminator.betas": [0.5, 0.999],
        "checkpoint.every": "10 epochs",
        "sample.every": "1 epoch",
    },
}


def ganzoo_command(*arguments: object) -> str:
    done = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", RECIPES)
def test_every_setting_has_the_expected_value_and_origin(name: str) -> None:
    run = recipe_run(name)
    explained = explain(run.tree(), run.origins)
    own = {key: value for key, value, origin in explained if origin == f"recipe {name}"}
    assert own == EXPECTED[name]


@pytest.mark.parametrize("name", RECIPES)
def test_a_dry_run_prints_the_settings(name: str) -> None:
    shown = ganzoo_command("train", "--recipe", name, "--dry-run")
    rows = dict(line.split(maxsplit=1) for line in shown.splitlines())
    for key, value in EXPECTED[name].items():
        told, origin = rows[key].split("  ", maxsplit=1)
        assert (told, origin.strip()) == (str(value), f"recipe {name}")


@pytest.mark.parametrize("name", RECIPES)
def test_the_recipe_trains_at_its_resolution(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    dataset = ("dataset=blossoms", "dataset.count=20")
    size = ("--steps", 6, "--batch-size", 4, "sample.count=4", "--device", "cpu")
    ganzoo_command("train", "--recipe", name, *dataset, *SMALL[name], *size, "--run-dir", folder)
    trained = load(folder)
    assert trained.step == 6
    assert trained.image_shape[1:] == (EXPECTED[name]["data.resolution"],) * 2
    assert trained.generate(count=2).shape == (2, *trained.image_shape)


@pytest.mark.parametrize("name", BEST)
def test_a_recipe_of_the_leaderboard_trains_on_other_images(name: str, tmp_path: Path) -> None:
    check(BEST[name])
    folder, dataset = tmp_path / "run", ("dataset=blossoms", "dataset.count=20")
    size = ("--steps", 2, "--batch-size", 4, "sample.count=4", "--device", "cpu")
    ganzoo_command("train", "--recipe", name, *dataset, *size, "--run-dir", folder)
    assert load(folder).image_shape[1:] == (32, 32)


def test_dcgan_flowers_projects_100_latents_to_512_maps_of_4_by_4() -> None:
    run = recipe_run("dcgan-flowers")
    players: Networks = run.architecture.build(
        image_shape=ImageShape(3, 64, 64),
        condition=None,
        requirements=LossRequirements(independent_scores=False),
    )
    project, *_ = (m for m in players.generator.modules() if isinstance(m, nn.Linear))
    assert (project.in_features, project.out_features) == (100, 4 * 4 * 512)
    last = [m for m in players.discriminator.modules() if isinstance(m, nn.Linear | nn.Conv2d)][-1]
    assert isinstance(last, nn.Linear)


def test_dcgan_flowers_has_four_modes() -> None:
    modes = ("train.batch_size=64,128", "architecture.head=conv,dense")
    shown = ganzoo_command("sweep", "--recipe", "dcgan-flowers", *modes, "--dry-run")
    assert len(shown.splitlines()) == 1 + 4


def test_custom_images_also_trains_without_growth() -> None:
    run = recipe_run("custom-images", "architecture=mlp")
    assert run.growth is None
    assert (run.train.steps, run.origins.get("train.images")) == (10_000, None)


def test_custom_images_takes_a_folder_of_images(tmp_path: Path) -> None:
    changes = ("dataset=image-folder", f"dataset.path={tmp_path}", "data.resolution=32")
    run = recipe_run("custom-images", *changes, "growth.freeze=true")
    assert run.dataset.entry.qualified_name == "image-folder/image-folder"
    assert run.data.resolution == 32
    assert run.growth is not None
    assert run.growth.freeze
    assert run.origins["augment.rotate.degrees"] == "recipe custom-images"


def test_in_the_wild_trains_equally_on_a_loaded_or_streamed_file(
    tmp_path: Path,
) -> None:
    packed, size = tmp_path / "packed.h5", ("--steps", 6, "--batch-size", 8, "--device", "cpu")
    ganzoo_command("data", "pack", "blossoms", "dataset.count=30", "--out", packed)
    made = []
    for memory in ("load", "stream"):
        run = tmp_path / memory
        asked = (f"dataset.path={packed}", f"dataset.memory={memory}", "dataset.window=10")
        small = (*SMALL["in-the-wild"], "data.resolution=8", "sample.count=4")
        ganzoo_command("train", "--recipe", "in-the-wild", *asked, *small, *size, "--run-dir", run)
        made.append(load(run).generate(count=4))
    assert made[0].equal(made[1])
