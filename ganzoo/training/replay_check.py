"""A check that CUDA graphs train as the same compiled passes do without them."""

from __future__ import annotations

from contextlib import suppress

import torch
from torch import Tensor

from ganzoo.contracts import Condition, ImageShape
from ganzoo.errors import RequestError
from ganzoo.run import Run
from ganzoo.training.engine import Engine
from ganzoo.training.finite_check import NonFinite
from ganzoo.training.randomness import preserved_random_state
from ganzoo.training.separate_trainer import separate_trainer

_STEPS = 5
"""A graph is recorded in the first steps, and replayed in the last ones."""
_MOST = 0.3
"""The largest distance of the weights that is accepted, relative to the length of their change.

Both runs have the same compiled operators, so only the order of sums may differ. Weights that
change at random would have a distance of 1.4. Operators that are not compiled round in other
places: with bf16 alone this made 0.4.
"""


def require_same_training(
    run: Run, engine: Engine, image_shape: ImageShape, condition: Condition | None
) -> None:
    """Raise RequestError if a few steps with CUDA graphs train the networks in another way.

    The steps are those of separate networks on random images; the run does not change.
    """
    if run.train.compile != "cuda-graphs":
        return
    without = run.with_train({"compile": "on"}, "auto")
    with preserved_random_state(engine.device):
        _, found = _trained(run, engine, image_shape, condition)
        start, expected = _trained(without, engine, image_shape, condition)
    if not expected.isfinite().all():
        return  # the run will say so, and what to do
    distance, change = float((found - expected).norm()), float((expected - start).norm())
    if engine.any(not distance <= _MOST * change):  # also if it is not a number
        raise RequestError(
            f"train.compile=cuda-graphs: {_STEPS} steps of training give other weights than with "
            "train.compile=on: write train.compile=on"
        )


def _trained(
    run: Run, engine: Engine, image_shape: ImageShape, condition: Condition | None
) -> tuple[Tensor, Tensor]:
    """The weights of separate networks before and after a few steps, float32 (P,) each.

    Fewer steps are made if a number is not finite.
    """
    trainer = separate_trainer(run, engine, image_shape, condition)
    networks = trainer.setup.networks.values()

    def weights() -> Tensor:
        parameters = [p.detach().float().flatten() for net in networks for p in net.parameters()]
        return torch.cat(parameters)

    start = weights()
    with trainer.setup.passes.errors(), suppress(NonFinite):
        for _ in range(_STEPS):
            trainer.step()
    return start, weights()
