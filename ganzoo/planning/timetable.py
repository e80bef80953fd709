"""How the time of a budget is divided: a pure function of what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

from ganzoo.errors import RequestError

SAMPLES, REAL = 2000, 10_000
"""The numbers of generated and real images of an evaluation that has enough time."""
_FEWEST = 200
"""The generated images of the shortest evaluation."""
_SHARE_OF_EVALUATION = 0.1
"""The part of the budget in which more than the fewest images are evaluated."""
_SHARE_OF_TRAINING = 0.15
"""With a smaller part of the budget for training, the budget is refused."""
_STEADY = 0.92
"""The part of the training that is spent in steps; the others are samples, reports, saving."""
_START, _END = 2.0, 3.0
"""Seconds for loading before the first step, and for the last files and messages."""
_SAVED = 0.02
"""The part of the budget that is kept free, because no measurement is exact."""


class Speed(NamedTuple):
    """How fast a run is here."""

    images_per_second: float
    """Real images shown to the discriminator."""
    seconds_per_step: float
    start: float = 0.0
    """Seconds to build the networks and to make the first step, which is slower."""
    parameters: int = 0
    """Of all networks."""


class EvaluationCost(NamedTuple):
    """How long an evaluation takes here."""

    fixed: float = 0.0
    """Seconds that do not depend on the number of images."""
    each: float = 0.0
    """Seconds for the features of an image."""

    def seconds(self, samples: int, real: int, generating: float) -> float:
        """Of an evaluation; ``generating`` is the time to generate an image."""
        return self.fixed + self.each * (samples + real) + generating * samples


NO_EVALUATION = EvaluationCost()


class TooShort(RequestError):
    """A budget that leaves too little time for training."""

    def __init__(self, budget: float, others: float) -> None:
        self.needed = round(others / (1 - _SHARE_OF_TRAINING) * 1.3 + 5)
        super().__init__(
            f"--budget of {budget:.0f} s is too short: {others:.0f} s are needed besides training, "
            f"to look at the images, to start and to evaluate; give {self.needed}s or more"
        )


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """The seconds of each part of a budget; they add up to at most the budget."""

    budget: float
    spent: float
    """What was over when the plan was made."""
    start: float
    preparation: float
    """Of the images."""
    training: float
    evaluation: float
    end: float
    """For the last step, the last files, and differences to the plan."""
    images: int
    """Images that are shown to the discriminator in the training."""
    samples: int
    real: int

    @classmethod
    def of(
        cls,
        budget: float,
        spent: float,
        speed: Speed,
        evaluation: EvaluationCost,
        *,
        count: int,
        preparation: float = 0.0,
        most: tuple[int, int] = (SAMPLES, REAL),
    ) -> Self:
        """The division of a budget for a run of this speed.

        ``count`` is the number of images, ``most`` the largest numbers of generated and real images
        of an evaluation. Raises TooShort if too little is left for training.
        """
        generating = 0.5 / speed.images_per_second
        samples, real, reserved = _evaluation(budget, evaluation, count, most, generating)
        start = _START + speed.start
        end = _END + _SAVED * budget + 2 * speed.seconds_per_step
        others = spent + start + preparation + reserved + end
        training = budget - others
        if training < max(_SHARE_OF_TRAINING * budget, 3 * speed.seconds_per_step):
            raise TooShort(budget, others + 3 * speed.seconds_per_step)
        return cls(
            budget=budget,
            spent=spent,
            start=start,
            preparation=preparation,
            training=training,
            evaluation=reserved,
            end=end,
            images=max(1, int(training * _STEADY * speed.images_per_second)),
            samples=samples,
            real=real,
        )

    @property
    def until_stop(self) -> float:
        """Seconds from the end of the planning to the last step."""
        return self.start + self.preparation + self.training

    def sentence(self) -> str:
        """The division in words."""
        parts = {
            "to look at the images and to measure": self.spent,
            "to start": self.start,
            "to prepare the images": self.preparation,
            "to train": self.training,
            f"to evaluate {self.samples:,} images": self.evaluation,
            "in reserve": self.end,
        }
        listed = ", ".join(f"{seconds:,.0f} {what}" for what, seconds in parts.items() if seconds)
        return f"of {self.budget:,.0f} s: {listed}"


def _evaluation(
    budget: float, cost: EvaluationCost, count: int, most: tuple[int, int], generating: float
) -> tuple[int, int, float]:
    """The generated and the real images of the evaluation, and the seconds for it.

    The seconds never grow faster than the budget, so that more time never means less training.
    """

    def numbers(samples: int) -> tuple[int, int]:
        return samples, min(count, most[1], max(_FEWEST, 5 * samples))

    fewest = numbers(min(_FEWEST, most[0]))
    shortest, longest = (cost.seconds(*each, generating) for each in (fewest, numbers(most[0])))
    reserved = min(max(shortest, _SHARE_OF_EVALUATION * budget), longest)
    samples = most[0]
    while samples > fewest[0] and cost.seconds(*numbers(samples), generating) > reserved:
        samples = max(fewest[0], samples * 3 // 4)
    return *numbers(samples), reserved
