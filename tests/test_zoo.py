"""Each pair of installed components trains and resumes exactly, or says why it does not fit.

A run has one architecture, one loss, and several regularizers and augmentations. The runs together
contain each pair of components of different kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo import RequestError
from ganzoo.registry import Registry
from tests.designs import Pair, Row, covering_rows
from tests.sameness import same

Arguments = Callable[..., dict[str, Any]]
Stopped = Callable[[Mapping[str, Any], int], Path]

REGISTRY = Registry.discover()
COMPONENTS = {
    kind: [entry.component.name for entry in REGISTRY.entries(kind)]
    for kind in ("architecture", "loss", "regularizer", "augmentation")
}
SEVERAL = {"regularizer": 2, "augmentation": 2}
"""Components of a kind in one run."""

CONDITIONAL = {"auxiliary-classifier", "mismatch"}
"""Regularizers that need conditional networks."""
REFUSED: Mapping[Pair, str] = {
    frozenset(("progressive", "wgan")): "the loss clips the discriminator's weights",
    frozenset(("stylegan2", "wgan")): "the loss clips the discriminator's weights",
    **{
        frozenset((name, "fastgan-reconstruction")): "needs a discriminator that reconstructs"
        for name in COMPONENTS["architecture"]
        if name != "fastgan"
    },
    **{
        frozenset((name, "auxiliary-classifier")): "needs a discriminator that estimates"
        for name in COMPONENTS["architecture"]
        if name not in ("dcgan", "resnet")
    },
}
"""Pairs that do not fit, with a part of the message."""

SLOW = {"train.batch_size": 2, "train.discriminator.steps": 1}
"""Settings of runs with an architecture that is slow even if it is small."""

ROWS = covering_rows(COMPONENTS, SEVERAL, REFUSED)


def settings(row: Row) -> dict[str, Any]:
    """The settings of a run that has these regularizers and augmentations.

    The learning rates are low because some pairs of large terms would diverge.
    """
    return {
        **{f"train.{network}.lr": 1e-5 for network in ("generator", "discriminator")},
        **{f"regularize.{name}": True for name in row["regularizer"]},
        **{f"augment.{name}": True for name in row["augmentation"]},
        **(SLOW if "projected" in row["architecture"] else {}),
        **({"data.conditional": True} if CONDITIONAL & set(row["regularizer"]) else {}),
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(sum(row.values(), ())))
def test_two_steps_and_two_after_a_resume_equal_four(
    tiny: Arguments, stopped: Stopped, row: Row
) -> None:
    more = {"architecture": row["architecture"][0], "loss": row["loss"][0]}
    straight = ganzoo.train(**tiny("straight", **more, steps=4, settings=settings(row)))
    # Not a run of two steps: components may recommend schedules, which follow the run's length.
    halved = stopped(tiny("halved", **more, steps=4, settings=settings(row)), 2)
    assert not same(last_state(halved), last_state(straight.folder))
    resumed = ganzoo.resume(halved, quiet=True)
    assert same(last_state(resumed.folder), last_state(straight.folder))
    assert resumed.generate(2).isfinite().all()


@pytest.mark.parametrize("pair", REFUSED, ids=lambda pair: "-".join(sorted(pair)))
def test_what_does_not_fit_says_why_before_training(tiny: Arguments, pair: Pair) -> None:
    row = {kind: tuple(pair & set(names)) for kind, names in COMPONENTS.items()}
    chosen = {kind: row[kind][0] for kind in ("architecture", "loss") if row[kind]}
    arguments = tiny("run", **chosen, settings=settings(row))
    with pytest.raises(RequestError, match=REFUSED[pair]):
        ganzoo.train(**arguments)
    assert not list(Path(arguments["run_dir"]).glob("checkpoints/*"))


def test_the_runs_contain_each_pair() -> None:
    together = set[Pair]()
    for row in ROWS:
        together |= {frozenset(pair) for pair in combinations(sum(row.values(), ()), 2)}
    for left, right in combinations(COMPONENTS.values(), 2):
        for a in left:
            for b in right:
                assert (frozenset((a, b)) in together) != (frozenset((a, b)) in REFUSED), (a, b)


def last_state(folder: Path) -> dict[str, Any]:
    """The contents of the newest checkpoint."""
    newest = max((folder / "checkpoints").glob("*.pt"))
    state: dict[str, Any] = torch.load(newest, weights_only=True)
    return state
