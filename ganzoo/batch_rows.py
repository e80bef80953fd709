"""The rows of the whole batch, for layers that compare images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from torch import Tensor

from ganzoo.shard import WHOLE_BATCH, Shard


@dataclass(frozen=True)
class BatchRows:
    """The rows that a layer gets are this shard of the batch's rows; ``gather`` returns all.

    The gradient of what is computed from all rows flows to the rows of all processes.
    """

    shard: Shard
    gather: Callable[[Tensor], Tensor]


_WHOLE = BatchRows(WHOLE_BATCH, lambda rows: rows)
_rows: ContextVar[BatchRows] = ContextVar("rows", default=_WHOLE)


def batch_rows() -> BatchRows:
    """The rows of the present update; outside of updates a layer gets all rows."""
    return _rows.get()


@contextmanager
def rows_from(rows: BatchRows) -> Iterator[None]:
    """A context in which ``batch_rows`` returns these."""
    token = _rows.set(rows)
    try:
        yield
    finally:
        _rows.reset(token)
