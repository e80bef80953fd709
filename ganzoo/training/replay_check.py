"""A check that CUDA graphs train as the same run does without them."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.contracts import Condition, ImageShape
from ganzoo.errors import RequestError
from ganzoo.run import Run
from ganzoo.training.engine import Engine
from ganzoo.training.randomness import preserved_random_state
from ganzoo.training.separate_trainer import separate_trainer

_STEPS = 5
"""A graph is recorded in the first steps, and replayed in the last ones."""
_MOST = 0.3
"""The distance of the weights, as a part of that by which they were trained.

Rounding made it at most 0.008, for a compiled resnet on a CPU. Random updates would make it 1.4.
"""


def require_same_training(
    run: Run, engine: Engine, image_shape: ImageShape, condition: Condition | None
) -> None:
    """Raise RequestError if a few steps with CUDA graphs train the networks in another way.

    The steps are those of separate networks on random images; the run does not change.
    """
    if run.train.compile != "cuda-graphs":
        return
    with preserved_random_state(engine.device):
        _, found = _trained(run, engine, image_shape, condition)
        eager = run.with_train({"compile": "off"}, "auto")
        start, expected = _trained(eager, engine, image_shape, condition)
    distance = float((found - expected).norm() / (expected - start).norm())
    if engine.any(not distance < _MOST):
        raise RequestError(
            f"train.compile=cuda-graphs: after {_STEPS} steps the weights are others than without "
            f"CUDA graphs, by {distance:.0%} of their change: write train.compile=on"
        )


def _trained(
    run: Run, engine: Engine, image_shape: ImageShape, condition: Condition | None
) -> tuple[Tensor, Tensor]:
    """The weights of separate networks before and after a few steps, float32 (P,)."""
    trainer = separate_trainer(run, engine, image_shape, condition)
    networks = trainer.setup.networks.values()

    def weights() -> Tensor:
        parameters = [p.detach().float().flatten() for net in networks for p in net.parameters()]
        return torch.cat(parameters)

    start = weights()
    with trainer.setup.passes.errors():
        for _ in range(_STEPS):
            trainer.step()
    return start, weights()
