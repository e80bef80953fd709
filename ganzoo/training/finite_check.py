"""Checks that losses and gradients are finite numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganzoo.training.engine import Engine
from ganzoo.training.progress import Progress

MAX_SKIPPED = 20
"""Consecutive updates that may be skipped; after more, a run does not recover."""
_MAX_PENDING = 100


@dataclass(frozen=True)
class Update:
    """The numbers that an update of the weights is computed from."""

    phase: str
    step: int
    images_seen: int
    batch_size: int
    """The size of its batch of real images, which are the last images seen."""
    term_names: tuple[str, ...]
    """The names of the loss's terms."""
    values: Tensor
    """The values of the terms, then the norm of the gradient, (n + 1,)."""

    def as_texts(self) -> dict[str, str]:
        """The terms and the norm of the gradient, as texts, because JSON has no NaN."""
        numbers = map(str, self.values.tolist())
        return dict(zip((*self.term_names, "norm of the gradient"), numbers, strict=True))


class NonFinite(ArithmeticError):
    """A loss or a gradient is not a finite number."""

    def __init__(self, update: Update) -> None:
        self.update = update
        wrong = [
            f"{name} is {text}" for name, text in update.as_texts().items() if not _finite(text)
        ]
        what = ", ".join(wrong) or "a number of another process is not finite"
        super().__init__(f"in the {update.phase}'s update of step {update.step + 1}, {what}")


class FiniteCheck:
    """Checks the losses and the gradient norm of every update.

    With the policies ``skip`` and ``rollback``, and on a CPU, each update is checked before it is
    made. Otherwise updates are checked in groups, because a check synchronizes with the device. All
    processes get the same result.
    """

    def __init__(self, engine: Engine, policy: str, progress: Progress) -> None:
        self._engine = engine
        self._progress = progress
        self._immediate = policy != "raise" or engine.device.type == "cpu"
        self._skips = policy == "skip"
        self._pending: list[Update] = []

    def check(self, update: Update) -> bool:
        """Whether to make the update; False if it must be skipped.

        Raises NonFinite if it is not finite and the policy is not ``skip``, or if too many
        consecutive updates were skipped.
        """
        self._pending.append(update)
        if not self._immediate and len(self._pending) < _MAX_PENDING:
            return True
        try:
            self.check_pending()
        except NonFinite:
            self._progress.skipped += 1
            if not self._skips or self._progress.skipped > MAX_SKIPPED:
                raise
            return False
        self._progress.skipped = 0
        return True

    def check_pending(self) -> None:
        """Check the updates since the last check; raise NonFinite for the first one that fails."""
        updates, self._pending = self._pending, []
        if not updates:
            return
        finite = torch.stack([update.values.isfinite().all() for update in updates])
        if self._engine.any(not bool(finite.all())):
            # If all updates are finite here, one of another process is not.
            raise NonFinite(updates[-1 if finite.all() else int(finite.long().argmin())])


def nonfinite_report(
    error: NonFinite, images: Sequence[int], seed: int, stream: int
) -> dict[str, Any]:
    """The update, its images and its randomness, as plain values for ``nonfinite.json``."""
    update = error.update
    return {
        "step": update.step + 1,
        "phase": update.phase,
        "values": update.as_texts(),
        "images": list(images),
        "seed": seed,
        "stream": stream,
    }


def _finite(text: str) -> bool:
    return text.lstrip("-") not in ("nan", "inf")
