"""One process's part of a global batch."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Shard:
    """Part ``rank`` of a global batch that is split into ``count`` equal parts, one per process."""

    rank: int = 0
    count: int = 1

    def of(self, whole: Tensor) -> Tensor:
        """This process's rows of a tensor for the whole global batch."""
        assert len(whole) % self.count == 0
        return whole.chunk(self.count)[self.rank]


WHOLE_BATCH = Shard()
"""The whole batch, for one process."""
