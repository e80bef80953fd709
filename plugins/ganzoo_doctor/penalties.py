"""Checks of penalties of the discriminator's gradient: too strong, or too weak."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ganzoo_doctor.finding import Finding
from ganzoo_doctor.history import History, mean

NORM = "gradient_norm/"
"""A penalty reports the mean norm of its gradient under this and the name of its term."""
WEIGHTS = ("weight", "gamma", "k")
"""The names of the weight among the options of a penalty. Those that pull the norm to 1 call it
``weight``; the others pull it to 0."""
OUTWEIGHS = 1.5
"""The penalty / the distance of the mean scores, and / the rest of the discriminator's loss: the
smaller ratio. It was 2.4 with a hundred times the weight of a gradient penalty, and 3.1 with a
gamma of 40, where the images were far worse. It was at most 0.8 in runs whose images became good,
also with a gamma of 4, ten thousand times the default; 0.1 with the default weights."""
FAR_FROM_ITS_TARGET = 0.5
"""The penalty / its weight, if it pulls to 1. A discriminator that has learned nothing has a
gradient of 0, for which such a penalty is large, whatever its weight is."""
WEAK_NORM = 5.0
"""The mean norm that a penalty should pull to 1. It was 1.2 with the usual weight of 10, and 14
with 0.1, where the images were a little worse."""


@dataclass(frozen=True)
class Penalty:
    """A penalty, with means of the last third of the reports."""

    number: str
    """The name of its term in the reports."""
    value: float
    norm: float
    """The norm of the gradient that it limits."""
    rest: float
    """The discriminator's loss without it."""
    distance: float
    """The score of real images minus that of generated ones."""
    key: str
    """The setting of its weight; empty if it is not known."""
    weight: float
    """The present weight; NaN if it is not known."""

    @property
    def pulls_to_1(self) -> bool:
        """Whether it pulls the norm to 1; others pull it to 0."""
        return self.key.endswith(".weight")

    @property
    def is_strong(self) -> bool:
        """Whether it outweighs what the discriminator learns."""
        if self.pulls_to_1 and self.value > FAR_FROM_ITS_TARGET * self.weight:
            return False
        return self.value > OUTWEIGHS * max(abs(self.rest), abs(self.distance))

    @property
    def is_weak(self) -> bool:
        """Whether it should pull the norm to 1 and does not."""
        return self.pulls_to_1 and self.norm > WEAK_NORM

    @property
    def numbers(self) -> dict[str, float]:
        """The reported numbers by name."""
        norm = NORM + self.number.rpartition("/")[2]
        return {self.number: self.value, norm: self.norm, "distance of the scores": self.distance}


def penalties(history: History) -> Iterator[Penalty]:
    """All penalties of the discriminator's gradient in the last third of the reports."""
    latest = {name for each in history.reports[-(len(history.reports) // 3) :] for name in each}
    real, fake = (mean(history.recent(f"scores/{kind}")) for kind in ("real", "fake"))
    loss = mean(history.recent("loss/discriminator"))
    for name in history.names(NORM):
        term = name.removeprefix(NORM)
        numbers = [n for n in history.names("") if n.endswith(f"/{term}") and n != name]
        if not numbers or name not in latest:  # removed when the run was resumed
            continue
        value = mean(history.recent(numbers[-1]))
        # One that is not used in every step is no part of the discriminator's loss.
        rest = loss - value if numbers[-1].startswith("discriminator/") else loss
        key, weight = _weight(history, numbers[-1])
        yield Penalty(
            number=numbers[-1],
            value=value,
            norm=mean(history.recent(name)),
            rest=rest,
            distance=real - fake,
            key=key,
            weight=weight,
        )


def _weight(history: History, number: str) -> tuple[str, float]:
    """The setting and the value of a penalty's weight; the regularizer has the name of the term.

    Of several, it is the one whose label is in the name of the number, such as ``b/r1``.
    """
    *place, term = number.split("/")
    regularizers = (history.setting("regularize") or {}).items()
    for label, options in sorted(regularizers, key=lambda each: each[0] not in place):
        if not isinstance(options, Mapping):
            continue  # a recommended one that was removed
        name = str(options.get("name", label)).rpartition("/")[2]
        if name.replace("-", "_") == term:
            for key in (f"regularize.{label}.{weight}" for weight in WEIGHTS):
                if isinstance(value := history.setting(key), int | float):
                    return key, value
    return "", math.nan


def penalty_too_strong(history: History) -> Finding | None:
    """A penalty outweighs the rest of the discriminator's loss."""
    for penalty in penalties(history):
        if penalty.is_strong:
            return Finding(
                name="penalty too strong",
                sentence=f"{penalty.number} outweighs the rest of the discriminator's loss: the "
                "discriminator learns to make it small more than to separate the images",
                numbers={**penalty.numbers, "the rest of the loss": penalty.rest},
                change=history.scaled(penalty.key, 0.1),
            )
    return None


def penalty_too_weak(history: History) -> Finding | None:
    """A penalty should pull the norm of a gradient to 1, and it is far above."""
    for penalty in penalties(history):
        if penalty.is_weak:
            return Finding(
                name="penalty too weak",
                sentence=f"the norm of the gradient is {penalty.norm:.2g} instead of about 1: "
                f"{penalty.number} does not limit the discriminator",
                numbers=penalty.numbers,
                change=history.scaled(penalty.key, 10),
            )
    return None
