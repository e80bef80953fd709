"""The arguments of ``ganzoo.train``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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


def test_a_path_without_images_is_refused() -> None:
    with pytest.raises(RequestError, match="no dataset, file or folder called"):
        RunArguments({"dataset": "./nowhere"}, None, ()).opening()
