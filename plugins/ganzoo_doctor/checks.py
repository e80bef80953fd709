"""All checks of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ganzoo_doctor.balance import discriminator_has_won, discriminator_too_weak
from ganzoo_doctor.finding import Finding
from ganzoo_doctor.history import History
from ganzoo_doctor.images import collapse, collapse_of_a_class, copying
from ganzoo_doctor.limits import (
    augmentation_at_its_bound,
    learning_rate_at_zero,
    waiting_for_data,
)
from ganzoo_doctor.penalties import penalty_too_strong, penalty_too_weak
from ganzoo_doctor.stability import diverging, getting_worse
from ganzoo_doctor.trend import improvement, too_short

CHECKS: Sequence[Callable[[History], Finding | None]] = (
    *(diverging, collapse, collapse_of_a_class, copying),
    *(penalty_too_strong, penalty_too_weak, discriminator_has_won, discriminator_too_weak),
    *(augmentation_at_its_bound, learning_rate_at_zero, getting_worse, waiting_for_data),
    *(improvement, too_short),
)
"""Each takes what a run has reported and returns what it finds; the most urgent ones come first."""


def examine(history: History) -> list[Finding]:
    """What all checks find."""
    return [finding for check in CHECKS if (finding := check(history))]
