"""The card of an export says what the generator is, and how good it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

import ganzoo
from ganzoo import Card
from ganzoo.folders import RunFolder

Arguments = Callable[..., dict[str, Any]]
MEASURED = {
    "data.conditional": True,
    "evaluate.every": 2,
    "evaluate.metrics": ["moments"],
    "evaluate.samples": 12,
    "extractor": "random",
    "checkpoint.every": 1,
}


@pytest.fixture
def run(tiny: Arguments) -> ganzoo.TrainedRun:
    return ganzoo.train(**tiny(steps=3, settings=MEASURED))


def test_a_card_has_the_facts_of_the_run(run: ganzoo.TrainedRun) -> None:
    at_two = ganzoo.load(run.folder, 2)
    card = Card.of(at_two, license="CC0-1.0", description="drawn flowers")
    assert (card.step, card.images_seen) == (2, 2 * 8 * 2)
    assert (card.license, card.description) == ("CC0-1.0", "drawn flowers")
    assert card.title == "blossoms-dcgan-non-saturating"
    assert card.architecture == "dcgan/dcgan"
    assert card.plugin == f"dcgan (ganzoo-toolkit {ganzoo.__version__})"
    assert card.plugin in card.plugins
    assert card.parameters == sum(each.numel() for each in run.generator.parameters())
    assert (card.latent_shape, card.image_shape) == ((4,), (3, 8, 8))
    assert card.condition
    assert len(card.condition["names"]) == len(card.class_counts) == 6
    assert sum(card.class_counts) == card.real_images == 20
    assert card.trained_with["torch"] == RunFolder(run.folder).sessions()[0]["torch"]
    assert card.exported_with["ganzoo"] == ganzoo.__version__
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", card.date)
    assert card.settings == RunFolder(run.folder).stored_settings()
    assert card.trained_on == run.trained_on


def test_a_card_has_the_metrics_of_its_checkpoint_alone(run: ganzoo.TrainedRun) -> None:
    assert not Card.of(ganzoo.load(run.folder, 1)).metrics  # only steps 2 and 3 were evaluated
    at_two = ganzoo.load(run.folder, 2)
    ganzoo.evaluate(at_two, metrics="moments", samples=14, extractor="random", quiet=True)
    card = Card.of(at_two)
    assert [each.samples for each in card.evaluations] == [12, 14]
    assert [each.extractor for each in card.evaluations] == ["random", "random"]
    score = card.metrics["moments/mean"]
    assert (score.images, score.baseline_images) == (14, 10)
    assert score.baseline is not None


def test_a_card_is_read_from_its_json(run: ganzoo.TrainedRun) -> None:
    card = Card.of(ganzoo.load(run.folder, 2))
    read = Card.from_plain(json.loads(card.to_json()), run.folder)
    assert read == card
    assert read.metrics == card.metrics
    assert json.loads(card.to_json(indent=2)) == json.loads(card.to_json())
