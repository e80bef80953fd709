from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ganzoo import RequestError
from ganzoo.export import torch_file
from tests.export.linear import CARD, SHAPE, Random
from tests.export.untrained import unconditional, untrained

READER = """
import json, sys
sys.modules["ganzoo"] = sys.modules["ganzoo_mlp"] = None  # their imports fail
import torch
files = {"card.json": ""}
module = torch.export.load("a.pt2", extra_files=files).module()
assert json.loads(files["card.json"])["title"] == "a"
inputs = torch.load("inputs.pt")
torch.save(module(*inputs), "images.pt")
"""


def test_a_program_without_ganzoo_makes_the_images_of_the_generator(tmp_path: Path) -> None:
    trained = untrained("mlp", "vector")
    numbers = torch_file.write(trained, CARD, tmp_path / "a.pt2")
    assert 0 <= numbers["largest difference from torch"] < 1e-5
    inputs = (trained.latents(7, seed=3), trained.conditions(7, seed=3))
    torch.save(inputs, tmp_path / "inputs.pt")
    subprocess.run([sys.executable, "-c", READER], cwd=tmp_path, check=True)
    images = torch.load(tmp_path / "images.pt")
    assert torch.allclose(images, trained.generator(*inputs), atol=1e-5)


def test_a_program_with_other_images_is_refused_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.pt2"
    with pytest.raises(RequestError, match=r"by torch\.export, differ from the network's"):
        torch_file.write(unconditional(Random(), SHAPE), CARD, path)
    assert not path.exists()
