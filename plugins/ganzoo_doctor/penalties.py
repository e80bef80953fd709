"""Checks of penalties of the discriminator's gradient: too strong, or too weak."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ganzoo_doctor.finding import Finding
from ganzoo_doctor.history import History, mean

NORM = "gradient_norm"
"""A penalty reports the mean norm of its gradient under its label and this."""
TARGET = "gradient_target"
"""It reports the norm that it pulls to under its label and this, unless that is 0."""
WEIGHTS = ("weight", "gamma", "k")
"""The names of the weight among the options of a penalty."""
OUTWEIGHS = 1.5
"""The penalty / the distance of the mean scores, and / the rest of the discriminator's loss: the
smaller ratio. It was 2.4 with a hundred times the weight of a gradient penalty, and 3.1 with a
gamma of 40, where the images were far worse. It was at most 0.8 in runs whose images became good,
also with a gamma of 4, ten thousand times the default; 0.1 with the default weights."""
FAR_FROM_ITS_TARGET = 0.5
"""The penalty / its weight and the square of its target, unless that is 0. A discriminator that has
learned nothing has a gradient of 0, for which such a penalty is large, whatever its weight is."""
WEAK_NORM = 5.0
"""The mean norm / its target. It was 1.2 with the usual weight of 10, and 14 with 0.1, where the
images were a little worse."""


@dataclass(frozen=True)
class Penalty:
    """A penalty, with means of the last third of the reports."""

    label: str
    """Its label in the settings."""
    number: str
    """The name of its term in the reports."""
    value: float
    norm: float
    """The norm of the gradient that it limits."""
    target: float
    """The norm that it pulls to."""
    rest: float
    """The discriminator's loss without it."""
    distance: float
    """The score of real images minus that of generated ones."""
    key: str
    """The setting of its weight; empty if it is not known."""
    weight: float
    """The present weight; NaN if it is not known."""

    @property
    def is_strong(self) -> bool:
        """Whether it outweighs what the discriminator learns."""
        if self.target and self.value > FAR_FROM_ITS_TARGET * self.weight * self.target**2:
            return False
        return self.value > OUTWEIGHS * max(abs(self.rest), abs(self.distance))

    @property
    def is_weak(self) -> bool:
        """Whether the norm is far above the target, unless that is 0."""
        return 0 < WEAK_NORM * self.target < self.norm

    @property
    def numbers(self) -> dict[str, float]:
        """The reported numbers by name."""
        norm = f"{self.label}/{NORM}"
        return {self.number: self.value, norm: self.norm, "distance of the scores": self.distance}


def penalties(history: History) -> Iterator[Penalty]:
    """All penalties of the discriminator's gradient in the last third of the reports."""
    latest = {name for each in history.reports[-(len(history.reports) // 3) :] for name in each}
    real, fake = (mean(history.recent(f"scores/{kind}")) for kind in ("real", "fake"))
    loss = mean(history.recent("loss/discriminator"))
    for label in history.setting("regularize") or ():
        number = _number(history, label)
        if not number or f"{label}/{NORM}" not in latest:  # removed when the run was resumed
            continue
        value = mean(history.recent(number))
        # One that is not used in every step is no part of the discriminator's loss.
        rest = loss - value if number.startswith("discriminator/") else loss
        key, weight = _weight(history, label)
        yield Penalty(
            label=label,
            number=number,
            value=value,
            norm=mean(history.recent(f"{label}/{NORM}")),
            target=mean(history.recent(f"{label}/{TARGET}") or [0]),
            rest=rest,
            distance=real - fake,
            key=key,
            weight=weight,
        )


def _number(history: History, label: str) -> str:
    """The reported name of a regularizer's term, which has the name of the component.

    It is ``LABEL/TERM`` if it is not used in every step, otherwise ``PHASE/TERM``, or
    ``PHASE/LABEL/TERM`` if the phase has another term of this name.
    """
    component = history.setting(f"regularize.{label}.name") or label
    term = component.rpartition("/")[2].replace("-", "_")
    labels = history.setting("regularize")
    found = [name for name in history.names("") if name.endswith(f"/{term}")]
    own = [name for name in found if f"/{name}".endswith(f"/{label}/{term}")]
    shared = [name for name in found if name.count("/") == 1 and name.split("/")[0] not in labels]
    return next(iter(own + shared), "")


def _weight(history: History, label: str) -> tuple[str, float]:
    """The setting and the value of a penalty's weight."""
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
    """A penalty should pull the norm of a gradient to a target, and it is far above."""
    for penalty in penalties(history):
        if penalty.is_weak:
            return Finding(
                name="penalty too weak",
                sentence=f"the norm of the gradient is {penalty.norm:.2g} instead of about "
                f"{penalty.target:.2g}: {penalty.number} does not limit the discriminator",
                numbers=penalty.numbers,
                change=history.scaled(penalty.key, 10),
            )
    return None
