"""The pieces of a batch that an update computes one after the other, to need less memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from ganzoo.shard import Shard
from ganzoo.training.setup import Setup
from ganzoo.training.snapshot import Snapshot

T = TypeVar("T")


class _RowsMissing(BaseException):
    """A piece needs rows of pieces that are not computed yet; no error that a plugin may handle."""


class Pieces:
    """The equal pieces of this process's shard of a batch.

    Each is computed as by a process of its own.

    A piece that needs rows of all pieces is abandoned when it asks for them. When all pieces have
    asked, they are computed again with the answer: that takes time, but the graph of one piece is
    all that is ever in memory. Networks' buffers and components' states change as if there were one
    piece.
    """

    def __init__(self, setup: Setup, count: int = 1) -> None:
        self.count = count
        """The number of pieces in each process."""
        self._setup = setup
        self._index = 0
        self._calls = 0
        self._asked: list[Tensor] = []
        """The rows of the pieces that were abandoned in this round."""
        self._answers: list[Tensor] = []
        """The rows of the whole batch, for each time that a piece asks."""

    @property
    def own(self) -> Shard:
        """The present piece as a part of this process's shard."""
        return Shard(self._index, self.count)

    @property
    def shard(self) -> Shard:
        """The present piece as a part of the whole batch."""
        engine = self._setup.engine
        return Shard(engine.rank * self.count + self._index, engine.processes * self.count)

    def each(self, compute: Callable[[int], T]) -> list[T]:
        """What ``compute`` returns for each piece; it is called again for pieces that need rows."""
        if self.count == 1:
            return [compute(0)]
        before = Snapshot(self._setup)
        self._answers = []
        while True:
            done: list[T] = []
            self._asked = []
            for index in range(self.count):
                before.restore()
                self._index, self._calls = index, 0
                try:
                    done.append(compute(index))
                except _RowsMissing:
                    continue
            if not self._asked:
                return done
            assert not done, "all pieces ask for the same"
            self._answers.append(self._setup.engine.gather(torch.cat(self._asked)))

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all pieces of all processes, in the order of the whole batch; no gradient."""
        if self.count == 1:
            return self._setup.engine.gather(rows)
        self._calls += 1
        if self._calls <= len(self._answers):
            return self._answers[self._calls - 1]
        self._asked.append(rows.detach())
        raise _RowsMissing

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a tensor () over all pieces of all processes; no gradient."""
        if self.count == 1:
            return self._setup.engine.mean(value.detach())
        return self.gather(value[None]).mean()
