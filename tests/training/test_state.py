from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo import RequestError
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.checkpoint_file import State

Arguments = Callable[..., dict[str, Any]]


def one_more(state: State) -> None:
    state["state"]["networks.generator"]["weights"]["of.another.network"] = torch.zeros(1)


def one_less(state: State) -> None:
    weights = state["state"]["networks.discriminator"]["weights"]
    del weights[next(iter(weights))]


def another_shape(state: State) -> None:
    weights = state["state"]["generator_ema"]["weights"]
    name, weight = next(iter(weights.items()))
    weights[name] = weight[:1]


def another_type(state: State) -> None:
    name, weight = next(iter(state["state"]["networks.generator"]["weights"].items()))
    state["state"]["networks.generator"]["weights"][name] = weight.double()


def another_optimizer(state: State) -> None:
    state["state"]["optimizers"]["generator"]["optimizer"]["param_groups"][0]["another"] = 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (one_more, r"of\.another\.network"),
        (one_less, r"Missing key"),
        (another_shape, r"size mismatch"),
        (another_type, r"is torch\.float64 in the checkpoint and torch\.float32 now"),
        (another_optimizer, r"of another optimizer"),
    ],
)
def test_an_undamaged_checkpoint_of_other_networks_is_refused(
    tiny: Arguments, change: Callable[[State], None], reason: str
) -> None:
    run = ganzoo.train(**tiny())
    checkpoints = Checkpoints(Path(run.folder) / "checkpoints", 3)
    state = checkpoints.load()
    change(state)
    checkpoints.save(state)
    with pytest.raises(RequestError, match=rf"does not fit the checkpoint: .*({reason})"):
        ganzoo.resume(run.folder, steps=5, quiet=True)
    assert [path.stem for path in checkpoints.paths()] == ["step-0000003"]
