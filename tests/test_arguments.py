"""The arguments of ``ganzoo.train``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.arguments import RunArguments
from ganzoo.errors import RequestError
from ganzoo.sweep_arguments import combined


def test_the_path_of_images_may_stand_for_the_dataset(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "black.png")
    arguments = RunArguments({"dataset": str(tmp_path)}, "dcgan-small", ())
    settings, _ = arguments.opening().settings()
    assert settings.values["dataset"]["name"] == "image-folder/image-folder"
    assert settings.values["dataset"]["path"] == str(tmp_path)
    assert settings.values["architecture"]["name"] == "dcgan/dcgan"
    values = {"dataset": str(tmp_path), "architecture": "mlp", "loss": ["hinge", "lsgan"]}
    new = combined(values, RunArguments({}, None, ()), processes=1)
    assert new.title.startswith("image-folder-mlp")


@pytest.mark.parametrize("budget", [None, "10m"])
def test_a_path_object_is_a_folder_also_if_a_dataset_has_its_name(
    budget: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "blossoms").mkdir()
    with pytest.raises(RequestError, match="blossoms is an empty folder"):
        ganzoo.train(Path("blossoms"), "mlp", "hinge", budget=budget)
    with pytest.raises(RequestError, match=r"there is no file or folder called .*nowhere"):
        ganzoo.train(Path("nowhere"), recipe="dcgan-small", budget=budget)


@pytest.mark.parametrize("search", [None, "random"])
def test_path_objects_may_be_the_datasets_of_a_sweep(search: str | None, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is an empty folder"):
        ganzoo.sweep(tmp_path, "mlp", "hinge", search=search, seed=[0, 1])
    with pytest.raises(RequestError, match="is an empty folder"):
        ganzoo.sweep([tmp_path], "mlp", "hinge", search=search, seed=[0, 1])


def test_a_path_without_images_is_refused() -> None:
    with pytest.raises(RequestError, match="there is no file or folder called"):
        RunArguments({"dataset": "./nowhere"}, None, ()).opening()
