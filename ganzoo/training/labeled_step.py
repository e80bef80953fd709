"""A step as a regularizer or an augmentation gets it."""

from __future__ import annotations

from typing import Any, cast

from torch import Tensor

from ganzoo.contracts import Step


def labeled(step: Step, label: str) -> Step:
    """The same step, which reports the numbers of a component as ``LABEL/NAME``."""
    return cast("Step", _LabeledStep(step, label)) if label else step


class _LabeledStep:
    # All other members of a Step are passed on, without repeating them here; a type checker cannot
    # know this, so ``labeled`` has a cast.

    def __init__(self, step: Step, label: str) -> None:
        self._step = step
        self._label = label

    def __getattr__(self, name: str) -> Any:
        return getattr(self._step, name)

    def report(self, name: str, value: Tensor) -> None:
        self._step.report(f"{self._label}/{name}", value)
