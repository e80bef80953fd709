"""Which part of a global batch a process holds."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Shard:
    """Part ``rank`` of a global batch that ``count`` processes hold in equal parts."""

    rank: int = 0
    count: int = 1

    def of(self, drawn: Tensor) -> Tensor:
        """The rows that are this process's, of what was drawn for the whole global batch."""
        assert len(drawn) % self.count == 0
        return drawn.chunk(self.count)[self.rank]


WHOLE_BATCH = Shard()
"""All of the batch: there is one process."""
