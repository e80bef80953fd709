"""The page has what generates the images of `ganzoo generate`."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ganzoo.export.card import Card
from ganzoo.export.web.contents import contents, encoded, facts, has_normal_latents
from ganzoo.output.directions.saved import Direction
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.training.sampling import ConditionFrequencies
from tests.export.web.pages import generator


@pytest.fixture(scope="module")
def trained() -> TrainedGenerator:
    """A generator that is told values."""
    return generator("mlp", "vector")


def decoded(text: str) -> Tensor:
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), "<f4").copy())


def test_the_first_latents_and_conditions_are_those_of_seed_0(trained: TrainedGenerator) -> None:
    stored = contents(trained, [])
    latents, conditions = trained.latents(64), trained.conditions(64, 0)
    assert conditions is not None
    assert torch.equal(decoded(stored["first"]["latents"]), latents.flatten())
    assert stored["first"]["conditions"] == conditions.tolist()
    assert stored["latents"]["size"] * 64 == latents.numel()


def test_a_step_along_a_direction_is_a_standard_deviation(trained: TrainedGenerator) -> None:
    vector = torch.tensor([0.6, 0.8, 0.0, 0.0])
    (direction,) = contents(trained, [Direction("hue", vector, 2.0, 0.1)])["directions"]
    assert direction["name"] == "hue"
    assert torch.equal(decoded(direction["step"]), 2.0 * vector)


def test_many_rows_of_values_are_thinned_evenly(trained: TrainedGenerator) -> None:
    before, rows = trained.frequencies, torch.arange(2000.0).reshape(1000, 2)
    trained.frequencies = ConditionFrequencies([1] * 1000, rows)
    try:
        stored = contents(trained, [])["frequencies"]
    finally:
        trained.frequencies = before
    assert torch.equal(decoded(stored["rows"]), rows[::2].flatten())
    assert len(stored["counts"]) == 500


def test_only_normal_latents_are_drawn_by_the_page(
    trained: TrainedGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert has_normal_latents(trained)

    def uniform(n: int, random: torch.Generator) -> Tensor:
        return torch.rand(n, 4, generator=random)

    monkeypatch.setattr(trained.generator, "sample_latents", uniform)
    assert not has_normal_latents(trained)


def test_the_facts_come_from_the_card(trained: TrainedGenerator) -> None:
    card = Card.of(trained, license="CC0-1.0")
    shown = dict(facts(trained, card))
    assert shown["License"] == "CC0-1.0"
    assert shown["Images seen"] == "1,000"
    assert shown["Parameters"] == f"{card.parameters:,}"


def test_numbers_are_little_endian_float32() -> None:
    assert (
        encoded(torch.tensor([1.0], dtype=torch.float64))
        == base64.b64encode(b"\x00\x00\x80\x3f").decode()
    )


def test_the_folder_has_no_other_scripts() -> None:
    folder = Path(contents.__code__.co_filename).parent / "browser"
    main = (folder / "main.js").read_text("utf-8")
    texts = [file.read_text("utf-8") for file in folder.glob("*.js")]
    for file in folder.glob("*.js"):
        if file.stem not in ("main", "worker"):
            assert any(f'"page/{file.stem}"' in text for text in texts), file
    assert "page/generator" in main
