"""The first layers of a network are not trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo import Discriminator, ImageShape, Networks, RequestError
from ganzoo.existing_runs import stored_settings
from ganzoo.folders import RunFolder
from ganzoo.run import Run
from ganzoo.sections import OptimizerOptions, TrainOptions
from ganzoo.training import session
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.frozen_layers import freeze_layers
from ganzoo.training.stand_ins import LinearGenerator

Arguments = Callable[..., dict[str, Any]]
SHAPE = ImageShape(3, 8, 8)


class Backwards(Discriminator):
    """Layers that are registered in another order than they are computed."""

    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Linear(8 * 8 * 2, 1)
        self.norm = nn.BatchNorm2d(2)
        self.normalized = nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 2, 1))
        self.unused = nn.Linear(2, 2)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores, (N,)."""
        features = self.norm(self.normalized(images))
        scores: Tensor = self.score(features.flatten(1)).flatten()
        return scores


def frozen(discriminator: Discriminator, count: int) -> set[str]:
    train = TrainOptions(discriminator=OptimizerOptions(freeze=count))
    networks = Networks(generator=LinearGenerator(SHAPE), discriminator=discriminator)
    freeze_layers(networks, train, SHAPE, None)
    return {name for name, each in discriminator.named_parameters() if not each.requires_grad}


def test_layers_are_counted_from_the_image_with_their_norms() -> None:
    network = Backwards()
    random = torch.get_rng_state()
    names = {"normalized.bias", "normalized.parametrizations.weight.original"}
    assert frozen(network, 1) == {*names, "norm.weight", "norm.bias"}
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    network(torch.randn(4, *SHAPE))  # in training mode
    for name, buffer in network.named_buffers():
        assert torch.equal(buffer, before[name]), name
    torch.set_rng_state(random)
    assert frozen(Backwards(), 0) == set()


def test_embeddings_of_conditions_are_trained(tiny: Arguments) -> None:
    settings = {"data.conditional": True, "train.discriminator.freeze": 1}
    run = ganzoo.train(**tiny(steps=1, settings=settings))
    file = Checkpoints(run.folder / "checkpoints", 3).paths()[0]
    optimizer = torch.load(file, weights_only=True)["state"]["optimizers"]["discriminator"]
    assert "discriminator.embed.weight" in optimizer["parameters"]
    assert "discriminator.layers.1.weight" not in optimizer["parameters"]


def test_a_layer_must_be_left() -> None:
    with pytest.raises(
        RequestError, match=r"discriminator.freeze=2: .* has 2 layers, and at least"
    ):
        frozen(Backwards(), 2)


@pytest.mark.parametrize("loss", ["wgan", "wgan-gp"])
def test_frozen_layers_keep_their_values_in_training(tiny: Arguments, loss: str) -> None:
    settings = {"train.discriminator.freeze": 2, "architecture.norm": "batch"}
    settings |= {"checkpoint.every": 1, "loss.clip": 1e-3} if loss == "wgan" else {}
    if loss == "wgan-gp":
        settings = {"train.discriminator.freeze": 1, "checkpoint.every": 1}
    run = ganzoo.train(**tiny(loss=loss, resolution=16, steps=2, settings=settings))
    files = Checkpoints(run.folder / "checkpoints", 3).paths()
    last, first = (
        torch.load(file, weights_only=True)["state"]["networks.discriminator"]["weights"]
        for file in files
    )
    same = {name for name in first if torch.equal(first[name], last[name])}
    assert {"layers.1.weight", "layers.1.bias"} <= same
    if loss == "wgan":
        batch_norm = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}
        assert {"layers.3.weight", *(f"layers.4.{each}" for each in batch_norm)} <= same
        assert "layers.6.weight" not in same
        assert first["layers.1.weight"].abs().max() > 1e-3, "it is not clipped"
    optimizer = torch.load(files[0], weights_only=True)["state"]["optimizers"]["discriminator"]
    assert "discriminator.layers.1.weight" not in optimizer["parameters"]


def test_growing_networks_are_frozen_next_to_the_full_image(tiny: Arguments) -> None:
    growth = {"growth.start": 16, "train.discriminator.freeze": 2}
    run = ganzoo.train(**tiny("run", "progressive", resolution=16, steps=1, settings=growth))
    file = Checkpoints(run.folder / "checkpoints", 3).paths()[0]
    optimizer = torch.load(file, weights_only=True)["state"]["optimizers"]["discriminator"]
    names = {name.rpartition(".")[0] for name in optimizer["parameters"]}
    assert not {"discriminator.image_layers.2.0", "discriminator.blocks.2.0.0"} & names
    assert "discriminator.blocks.2.1.0" in names


def test_the_generator_can_be_frozen(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(steps=1, settings={"train.generator.freeze": 1}))
    file = Checkpoints(run.folder / "checkpoints", 3).paths()[0]
    optimizer = torch.load(file, weights_only=True)["state"]["optimizers"]["generator"]
    assert "generator.layers.0.weight" not in optimizer["parameters"]
    assert "generator.layers.2.weight" not in optimizer["parameters"], "its batch norm"


def test_freezing_more_layers_in_a_resumed_run_is_refused(tiny: Arguments) -> None:
    run = ganzoo.train(**tiny(steps=1))
    settings = stored_settings(run.folder)
    settings.override(["train.discriminator.freeze=1", "train.steps=2"])
    with pytest.raises(RequestError, match=r"restore .*train.discriminator.freeze"):
        session.resume(Run.resolve(settings, recommend=False), RunFolder(run.folder))
