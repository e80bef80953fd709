from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

from ganzoo import RequestError
from ganzoo.export import torch_file
from tests.export.linear import CARD, SHAPE, Random
from tests.export.untrained import unconditional, untrained


def test_a_program_without_ganzoo_makes_the_images_of_the_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, trained = tmp_path / "a.pt2", untrained("mlp", "vector")
    numbers = torch_file.write(trained, CARD, path)
    assert 0 <= numbers["largest difference from torch"] < 1e-5
    inputs = (trained.latents(7, seed=3), trained.conditions(7, seed=3))
    expected = trained.generator(*inputs)
    for name in [each for each in sys.modules if each.startswith("ganzoo")]:
        monkeypatch.setitem(sys.modules, name, None)  # its import fails
    files = {"card.json": ""}
    images = torch.export.load(path, extra_files=files).module()(*inputs)
    assert torch.allclose(images, expected, atol=1e-5)
    assert json.loads(files["card.json"])["title"] == "a"


def test_a_program_with_other_images_is_refused_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.pt2"
    with pytest.raises(RequestError, match=r"by torch\.export, differ from the network's"):
        torch_file.write(unconditional(Random(), SHAPE), CARD, path)
    assert not path.exists()
