"""How far a run is: the numbers that change while it trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ganzoo.training.interval import Position


@dataclass
class Progress:
    """The numbers of a run that training changes; they are in checkpoints."""

    step: int = 0
    """Completed steps."""
    images_seen: int = 0
    """Real images seen so far, over all processes."""
    images_generated: int = 0
    """Images generated for the generator's updates so far, over all processes."""
    rollback_step: int = 0
    """The step of the newest checkpoint that was due. A stop writes one at any step, and a rollback
    must not depend on that.
    """
    rollbacks: int = 0
    """Rollbacks to ``rollback_step`` since it was saved."""
    stream: int = 0
    """The stream of random numbers; each rollback uses the next one."""
    skipped: int = 0
    """Consecutive updates that were skipped last because they were not finite."""
    total_steps: int = 1
    """The run's total number of steps; not in checkpoints, because settings change it."""
    end_step: int = 1
    """The step after which training pauses, at most the total; not in checkpoints either."""

    @property
    def position(self) -> Position:
        """The steps and images seen so far."""
        return Position(self.step, self.images_seen)

    @property
    def fraction(self) -> float:
        """The completed fraction of the run, from 0 to 1."""
        return min(1.0, self.step / self.total_steps)

    def state_dict(self) -> dict[str, int]:
        """All numbers except the total and the end."""
        state = asdict(self)
        del state["total_steps"], state["end_step"]
        return state

    def load_state_dict(self, state: Mapping[str, Any], /) -> None:
        """Restore what ``state_dict`` returned."""
        for field in fields(self):
            if field.name in state:
                setattr(self, field.name, int(state[field.name]))
