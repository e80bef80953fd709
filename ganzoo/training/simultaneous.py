"""Phases that are one update: their gradients are computed before any network is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from torch import nn

from ganzoo.contracts import Networks, Phase
from ganzoo.errors import RequestError
from ganzoo.sections import TrainOptions
from ganzoo.training.optimizers import repeats


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
    first, second = phases_of_both(phases, "train.simultaneous")
    return [first, replace(second, simultaneous_with=first.name)]


def phases_of_both(phases: Sequence[Phase], setting: str) -> Sequence[Phase]:
    """The phases, which are one for the discriminator and then one for the generator.

    Each may be for other networks, too. Raises RequestError, which names the setting that needs
    them, if there are other phases.
    """
    match [set(phase.networks) for phase in phases]:
        case [first, second] if (
            "discriminator" in first and "generator" in second and not first & second
        ):
            return phases
    raise RequestError(
        f"{setting}=true is for losses with one phase for the discriminator and then one for "
        f"the generator: write {setting}=false"
    )


def require_one_update(phases: Sequence[Phase], networks: Networks, train: TrainOptions) -> None:
    """Raise RequestError if simultaneous phases cannot be one update.

    They are updated once in each step, and their networks share no parameters, whose gradients
    would be those of all phases.
    """
    for group in at_once(phases):
        names = " and ".join(phase.name for phase in group)
        if len(group) > 1 and any(repeats(phase, train) != 1 for phase in group):
            raise RequestError(
                f"{names} are updated at once, one time in each step: write "
                "train.discriminator.steps=1 train.generator.steps=1"
            )
        parameters = [_parameters(phase, networks) for phase in group]
        if any(one & other for one, other in combinations(parameters, 2)):
            raise RequestError(
                f"{names} are updated at once, but their networks share parameters: write "
                "train.simultaneous=false, or choose another architecture"
            )


def _parameters(phase: Phase, networks: Networks) -> set[nn.Parameter]:
    """The parameters of the networks that a phase updates."""
    known = networks.by_name()
    return {each for name in phase.networks if name in known for each in known[name].parameters()}
