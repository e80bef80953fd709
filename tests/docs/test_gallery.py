"""The gallery shows each component that can be shown, and its images can be made again."""

from __future__ import annotations

import runpy
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ganzoo.cli import app

DOCS = Path(__file__).parents[2] / "docs"
GALLERY = runpy.run_path(str(DOCS / "gallery.py"))
IMAGES = {path.stem: path for path in (DOCS / "images" / "gallery").iterdir()}
DRAWN = dict(GALLERY["drawn_images"]())


def names(kind: str) -> list[str]:
    return [entry.component.name for entry in GALLERY["entries"](kind)]


def test_the_page_is_up_to_date() -> None:
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert page == GALLERY["page"](), "run `python docs/gallery.py`"


def test_each_dataset_and_augmentation_has_an_image_or_a_reason() -> None:
    shown = {*names("dataset"), *names("augmentation")}
    assert shown - IMAGES.keys() == set(GALLERY["MISSING"])


def test_each_architecture_and_small_recipe_has_a_run() -> None:
    runs = set(GALLERY["RUNS"])
    assert {name for name in names("recipe") if name.endswith("-small")} <= runs
    assert {GALLERY["image_of"]("architecture", name) for name in names("architecture")} == runs


def test_each_run_has_an_image_unless_it_is_listed_as_untrained() -> None:
    assert GALLERY["RUNS"].keys() - IMAGES.keys() == set(GALLERY["SETTINGS"]["untrained"])


def test_each_image_has_a_use_and_is_small() -> None:
    assert IMAGES.keys() <= {*DRAWN, *GALLERY["RUNS"]}
    for path in IMAGES.values():
        assert path.stat().st_size < 60_000


@pytest.mark.parametrize("name", DRAWN)
def test_an_image_that_is_drawn_is_up_to_date(name: str) -> None:
    stored, made = Image.open(IMAGES[name]).convert("RGB"), DRAWN[name]().convert("RGB")
    assert stored.size == made.size
    # WebP is lossy, above all for noise, so that means of 8 x 8 pixels are compared.
    difference = np.asarray(stored.reduce(8), float) - np.asarray(made.reduce(8), float)
    assert abs(difference).mean() < 3, "run `python docs/gallery.py`"


def test_the_runs_are_valid_requests() -> None:
    for arguments in GALLERY["RUNS"].values():
        done = CliRunner().invoke(app, ["train", *shlex.split(arguments), "--dry-run"])
        assert done.exit_code == 0, done.output
