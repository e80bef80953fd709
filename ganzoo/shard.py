"""A part of a global batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Shard:
    """Part ``rank`` of a global batch that is split into ``count`` equal parts.

    There is one for each process, or for each piece of its part that is computed at once.
    """

    rank: int = 0
    count: int = 1

    def of(self, whole: Tensor) -> Tensor:
        """The rows of this part, of a tensor for the whole global batch."""
        assert len(whole) % self.count == 0
        return whole.chunk(self.count)[self.rank]


def equal_parts(processes: int, pieces: int, nodes: int | None) -> str:
    """The settings that a batch is split by, for a message; ``processes`` are on all nodes."""
    by_processes = f"train.devices={processes}" if (nodes or 1) == 1 else f"{processes} processes"
    by_pieces = "" if pieces == 1 else f" times train.accumulate={pieces}"
    return f"{by_processes}{by_pieces} equal parts"


WHOLE_BATCH = Shard()
"""The whole batch, for one process."""
