from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import tensor_file
from ganzoo.contracts import Condition
from ganzoo.output.latent_space import LatentSpace
from ganzoo.output.saved_latents import SavedLatents
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.testing.fixtures import TinyRun
from ganzoo.training.sampling import ConditionFrequencies


class Mapped(ganzoo.Generator):
    """Another generator, whose intermediate latents are the double of its latents."""

    def __init__(self, generator: ganzoo.Generator) -> None:
        super().__init__()
        self.generator = generator

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return self.generator.sample_latents(n, random)

    def map(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return 2 * latents

    def synthesize(self, intermediate: Tensor) -> Tensor:
        return self.generator(intermediate / 2)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.synthesize(self.map(latents, condition))


class Told(ganzoo.Generator):
    """Its latents are three zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 3)

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.zeros(n, 3)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        images: Tensor = self.layer(latents)[..., None, None]
        return images


def test_latents_of_another_kind_of_generator_are_refused(
    tiny_run: TinyRun, tmp_path: Path
) -> None:
    run, file = tiny_run(architecture="mlp"), tmp_path / "a.safetensors"
    shape = tuple(run.latents(2).shape)
    SavedLatents("latents", run.latents(2)).save(file)
    assert SavedLatents.read_for(run, file).points.shape == shape
    for space, points, conditions, reason in (
        ("latents", torch.zeros(2, 99), None, "has latents of 99 numbers without conditions"),
        ("intermediate", run.latents(2), None, "has intermediate latents of"),
        ("latents", run.latents(2), torch.zeros(2), "with conditions of 1 numbers"),
    ):
        SavedLatents(space, points, conditions).save(file)
        with pytest.raises(ganzoo.RequestError, match=f"{reason}.*of the same generator"):
            SavedLatents.read_for(run, file)


def test_a_damaged_file_of_latents_is_refused(tmp_path: Path) -> None:
    file, kind = tmp_path / "a.safetensors", {"kind": "ganzoo latents"}
    points, space = torch.zeros(2, 3), {"space": "latents"}
    for tensors, texts, reason in (
        ({"points": points}, {}, "it has no 'space'"),
        ({"other": points}, space, "it has no 'points'"),
        ({"points": points[:0]}, space, "it has no latents of finite numbers"),
        ({"points": points / 0}, space, "it has no latents of finite numbers"),
        ({"points": points, "conditions": torch.zeros(1)}, space, "it has not one condition"),
    ):
        tensor_file.write(file, tensors, {**kind, **texts})
        with pytest.raises(ganzoo.RequestError, match=f"a.safetensors is damaged: {reason}"):
            SavedLatents.read(file)


def test_a_class_that_the_generator_does_not_know_is_refused(tmp_path: Path) -> None:
    trained, file = TrainedGenerator(), tmp_path / "a.safetensors"
    trained.source, trained.generator = Path("run"), Told()
    trained.condition = Condition("class", ("rose", "tulip"))
    trained.frequencies = ConditionFrequencies([1, 1])
    SavedLatents("latents", torch.zeros(2, 3), torch.tensor([0, 1])).save(file)
    assert len(SavedLatents.read_for(trained, file).points) == 2
    SavedLatents("latents", torch.zeros(2, 3), torch.tensor([0, 2])).save(file)
    with pytest.raises(ganzoo.RequestError, match=r"a.safetensors: an image has the label 2, but"):
        SavedLatents.read_for(trained, file)


def test_intermediate_latents_need_no_conditions(tiny_run: TinyRun, tmp_path: Path) -> None:
    run, file = tiny_run(architecture="mlp"), tmp_path / "a.safetensors"
    run.generator = Mapped(run.generator)
    points = LatentSpace(run.generator).points(run.latents(2))
    SavedLatents("intermediate", points, torch.zeros(2)).save(file)
    saved = SavedLatents.read_for(run, file)
    assert torch.equal(LatentSpace(run.generator).pixels(saved.points), run.generate(2))
    assert saved.shared_conditions(saved, "a and a") is None


def test_a_walk_needs_as_many_latents_with_the_same_conditions() -> None:
    one = SavedLatents("latents", torch.zeros(2, 3), torch.tensor([0, 1]))
    assert one.shared_conditions(one, "a and b") is one.conditions
    others = (
        (SavedLatents("latents", torch.zeros(1, 3), torch.tensor([0])), "have 2 and 1 latents"),
        (SavedLatents("latents", torch.zeros(2, 3), torch.tensor([0, 0])), "have other classes"),
    )
    for other, reason in others:
        with pytest.raises(ganzoo.RequestError, match=f"a and b {reason}"):
            one.shared_conditions(other, "a and b")
