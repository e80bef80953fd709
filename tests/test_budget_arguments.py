"""The arguments of ``ganzoo.train`` with a budget."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ganzoo.arguments import RunArguments
from ganzoo.budget_arguments import python_request
from ganzoo.planning.budget import Clock
from tests.program_objects import Invert


def test_an_object_is_one_component_beside_a_path_of_images(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "black.png")
    names = dict.fromkeys(("architecture", "loss"))
    components = {"dataset": str(tmp_path), **names, "augment": Invert(), "regularize": ()}
    request = python_request(RunArguments(components, None, ()), Clock(60), None)
    assert request.settings.values["dataset"]["path"] == str(tmp_path)
    assert list(request.settings.values["augment"]) == ["invert"]
    assert [entry.component.name for entry in request.known.entries("augmentation")].count(
        "invert"
    ) == 1
    assert not request.chooses
