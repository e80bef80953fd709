"""Generated images that serve two phases: made for one update, and used for a later one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ganzoo.contracts import Phase
from ganzoo.errors import RequestError
from ganzoo.sections import TrainOptions
from ganzoo.training.optimizers import repeats
from ganzoo.training.simultaneous import phases_of_both


def sharing_fakes(phases: Sequence[Phase]) -> list[Phase]:
    """The same phases, in which the generator learns from the discriminator's generated images.

    Raises RequestError if there are other phases than one for each of both networks, or if they
    are simultaneous.
    """
    if any(phase.simultaneous_with for phase in phases):
        raise RequestError(
            "train.share_fakes=true: simultaneous updates share the generated images anyway; write "
            "train.share_fakes=false"
        )
    first, second = phases_of_both(phases, "train.share_fakes")
    return [first, replace(second, fakes_of=first.name)]


def require_sharing(phases: Sequence[Phase], train: TrainOptions) -> None:
    """Raise RequestError if a phase cannot use the generated images of another one.

    The graph that they were made with is used once, in one piece, before its networks change.
    """
    for phase in phases:
        if not phase.fakes_of:
            continue
        what = f"{phase.name} uses the generated images of {phase.fakes_of}"
        if repeats(phase, train) != 1:
            raise RequestError(
                f"{what} for one update in each step: write train.{phase.networks[0]}.steps=1, or "
                "train.share_fakes=false"
            )
        if train.accumulate > 1:
            raise RequestError(
                f"{what}, whose graph is kept for one piece only: write train.accumulate=1, or "
                "train.share_fakes=false"
            )
