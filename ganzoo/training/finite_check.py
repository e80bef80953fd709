"""What watches that losses and gradients stay finite numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganzoo.training.engine import Engine

MOST_SKIPPED = 20
"""Updates in a row that may be left out; after so many a run does not recover."""
_MOST_UNREAD = 100


@dataclass(frozen=True)
class Update:
    """What an update of the weights is made from."""

    phase: str
    step: int
    images_seen: int
    size: int
    """Of its batch of real images, the last ones seen."""
    names: tuple[str, ...]
    """Of the loss's terms."""
    values: Tensor
    """Of these terms, and the norm of the gradient, (n + 1,)."""

    def told(self) -> dict[str, str]:
        """Each term and the gradient's norm, as texts: JSON knows no NaN."""
        numbers = map(str, self.values.tolist())
        return dict(zip((*self.names, "norm of the gradient"), numbers, strict=True))


class NonFinite(ArithmeticError):
    """A loss or a gradient is not a finite number."""

    def __init__(self, update: Update) -> None:
        self.update = update
        wrong = [f"{name} is {text}" for name, text in update.told().items() if not _finite(text)]
        told = ", ".join(wrong) or "another process has a number that is not finite"
        super().__init__(f"in the {update.phase}'s update of step {update.step + 1}, {told}")


class FiniteCheck:
    """Looks at every update.

    Where a bad one only ends the run, it is looked for now and then, so that nothing waits for a
    device; where it is left out or undone, before it is made. All processes decide alike.
    """

    def __init__(self, engine: Engine, policy: str) -> None:
        self._engine = engine
        self._at_once = policy != "raise" or engine.device.type == "cpu"
        self._skips = policy == "skip"
        self.skipped = 0
        """Updates in a row that were left out just now."""
        self._unread: list[Update] = []

    def accepts(self, update: Update) -> bool:
        """Whether the update should be made.

        Raises NonFinite if it is bad and is not to be left out, or too many were.
        """
        self._unread.append(update)
        if not self._at_once and len(self._unread) < _MOST_UNREAD:
            return True
        try:
            self.look()
        except NonFinite:
            self.skipped += 1
            if not self._skips or self.skipped > MOST_SKIPPED:
                raise
            return False
        self.skipped = 0
        return True

    def look(self) -> None:
        """Look at the updates since the last look; raises NonFinite for the first bad one."""
        updates, self._unread = self._unread, []
        if not updates:
            return
        fine = torch.stack([update.values.isfinite().all() for update in updates])
        if self._engine.any(not bool(fine.all())):
            # Where all is well here, it was in another process, not long ago.
            raise NonFinite(updates[-1 if fine.all() else int(fine.long().argmin())])


def report(error: NonFinite, images: Sequence[int], seed: int, stream: int) -> dict[str, Any]:
    """All that it takes to look into it: which update, on which images, with what randomness."""
    update = error.update
    return {
        "step": update.step + 1,
        "phase": update.phase,
        "values": update.told(),
        "images": list(images),
        "seed": seed,
        "stream": stream,
    }


def _finite(text: str) -> bool:
    return text.lstrip("-") not in ("nan", "inf")
