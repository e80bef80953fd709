"""The loss, regularizers and augmentations of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from ganzoo import RegularizerSpec, Step, Terms, train
from ganzoo.training.checkpoint import Checkpoints
from tests.sameness import same


class Projection(nn.Module):
    """A regularizer with random weights."""

    network, every, independent_scores = "discriminator", 1, False

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 4).requires_grad_(False)

    def terms(self, step: Step) -> Terms:
        projected = self.layer(step.scores.real.flatten()[:, None])
        return {"projected": projected.square().mean()}


def test_random_weights_of_a_component_depend_on_the_seed(
    tiny: Callable[..., dict[str, Any]],
) -> None:
    spec = RegularizerSpec(
        name="projection", summary="Random weights.", factory=lambda options: Projection()
    )
    states: list[dict[str, Any]] = []
    for name, seed in [("one", 0), ("same", 0), ("other", 1)]:
        torch.manual_seed(len(states))
        run = train(**tiny(name, "mlp", regularize=spec, seed=seed))
        states.append(Checkpoints(run.folder / "checkpoints", 3).load())
    assert same(states[0], states[1])
    weights = [state["state"]["regularize.projection"]["layer.weight"] for state in states]
    assert not torch.equal(weights[0], weights[2])
