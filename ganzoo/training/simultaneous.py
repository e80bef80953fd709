"""Phases that are one update: their gradients are computed before any network is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ganzoo.contracts import Phase
from ganzoo.errors import RequestError
from ganzoo.sections import TrainOptions
from ganzoo.training.optimizers import repeats

_NETWORKS = ("discriminator", "generator")


def at_once(phases: Sequence[Phase]) -> list[list[Phase]]:
    """The phases in their order, each with those that are simultaneous with it."""
    firsts = [phase for phase in phases if not phase.simultaneous_with]
    return [
        [first, *(phase for phase in phases if phase.simultaneous_with == first.name)]
        for first in firsts
    ]


def simultaneous(phases: Sequence[Phase]) -> list[Phase]:
    """The same phases, with the update of the generator simultaneous with the discriminator's.

    So one set of generated images and their scores serve both. Raises RequestError if there are
    other phases.
    """
    if [phase.networks for phase in phases] != [(name,) for name in _NETWORKS]:
        raise RequestError(
            "train.simultaneous=true is for losses with one phase for the discriminator and then "
            "one for the generator: write train.simultaneous=false"
        )
    first, second = phases
    return [first, replace(second, simultaneous_with=first.name)]


def require_equal_repeats(phases: Sequence[Phase], train: TrainOptions) -> None:
    """Raise RequestError if simultaneous phases are not updated once in each step."""
    for group in at_once(phases):
        if len(group) > 1 and any(repeats(phase, train) != 1 for phase in group):
            names = " and ".join(phase.name for phase in group)
            raise RequestError(
                f"{names} are updated at once, one time in each step: write "
                "train.discriminator.steps=1 train.generator.steps=1"
            )
