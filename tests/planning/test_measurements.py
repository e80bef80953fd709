from __future__ import annotations

import pytest
import torch

from ganzoo import ImageShape, RequestError
from ganzoo.planning.measurements import evaluation_of, speed_of
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training.engine import Engine

SHAPE = ImageShape(3, 8, 8)


def run(**changes: object) -> Run:
    settings = Settings()
    tiny = {
        "dataset": "blossoms",
        "architecture": "dcgan",
        "architecture.base_channels": 2,
        "architecture.latent_dim": 4,
        "loss": "hinge",
        "data.resolution": 8,
        "train.batch_size": 4,
        "train.device": "cpu",
        "extractor": "random",
        "evaluate.metrics": ["swd", "kid"],
    }
    settings.add({**tiny, **changes}, "test")
    return Run.resolve(settings, measure=True)


def test_the_speed_of_a_run() -> None:
    tiny = run(**{"train.discriminator.steps": 2})
    state = torch.random.get_rng_state()
    speed = speed_of(tiny, Engine(tiny.train), SHAPE, None, 0.01)
    assert speed.images_per_second * speed.seconds_per_step == pytest.approx(8)
    assert speed.parameters > 100
    assert speed.start > 0
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_size_that_the_networks_refuse() -> None:
    tiny = run()
    with pytest.raises(RequestError, match="dcgan"):
        speed_of(tiny, Engine(tiny.train), ImageShape(3, 2, 2), None, 0.01)


def test_the_cost_of_an_evaluation_and_the_metrics_that_are_possible() -> None:
    tiny = run(**{"evaluate.metrics": ["swd", "kid", "ms-ssim"]})
    cost, names = evaluation_of(tiny, Engine(tiny.train), SHAPE, (20, 20))
    assert cost.fixed > 0
    assert cost.each > 0
    assert names[:2] == ["swd", "kid"]
