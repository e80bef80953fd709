"""The rows of the whole batch, for layers that compare images or draw noise for each."""

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
_batches: ContextVar[int] = ContextVar("batches", default=1)


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


def batches_in_pass() -> int:
    """The number of batches, one after the other, in the rows that a layer gets."""
    return _batches.get()


@contextmanager
def batches_in_one_pass(count: int) -> Iterator[None]:
    """A context in which networks get several batches at once, as if each had a pass of its own."""
    token = _batches.set(count)
    try:
        yield
    finally:
        _batches.reset(token)
