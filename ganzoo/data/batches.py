"""Batches of real images, taken by their position in the order and moved to the device."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganzoo.contracts import Condition
from ganzoo.data.collection import Collection, require_classes
from ganzoo.data.device_images import DeviceImages, may_overlap, on_device, should_keep
from ganzoo.data.order import Order, WindowedOrder, balanced, shuffled
from ganzoo.data.prefetch import Prefetch, RawBatch
from ganzoo.data.streaming import StreamedImages
from ganzoo.errors import RequestError
from ganzoo.imaging import from_uint8
from ganzoo.shard import WHOLE_BATCH, Shard


class Batch(NamedTuple):
    """Real images on the device."""

    images: Tensor
    """float32 (N, C, H, W) in [-1, 1]."""
    condition: Tensor | None
    """int64 (N,) or float32 (N, D), or ``None`` where images have no classes or values."""


class Batches:
    """Batches of real images, by their position in an order that depends on the seed.

    With ``balance``, each class, or each combination of several classes, is shown equally often.
    With ``keep``, all images are kept on the device; ``"auto"`` keeps them on a GPU if they fit.
    Otherwise the next batch is read and copied to a GPU while the present one is used.
    Raises RequestError if images do not have classes, or are read in chunks.
    """

    def __init__(
        self,
        data: Collection,
        seed: int,
        device: torch.device,
        layout: torch.memory_format = torch.channels_last,
        *,
        balance: bool = False,
        keep: Literal["auto"] | bool = False,
    ) -> None:
        self.data = data
        self.layout = layout
        self.device = device
        self._balance = balance
        self.order = self.ordered(seed)
        self._kept = DeviceImages(data, device) if should_keep(data, device, keep) else None
        is_copied = self._kept is None and may_overlap(device)
        self._prefetch = Prefetch(self._read, device) if is_copied else None

    def ordered(self, seed: int) -> Order:
        """The order for this seed."""
        return _order(self.data, seed, self._balance)

    def shuffle(self, seed: int) -> None:
        """Continue in the order of another seed."""
        if self._prefetch:
            self._prefetch.forget()
        self.order = self.ordered(seed)

    def take(self, position: int, count: int, shard: Shard = WHOLE_BATCH) -> Batch:
        """This process's shard of the batch of ``count`` images that begins at ``position``."""
        take = self._prefetch.take if self._prefetch else self._read
        images, condition = take(position, count, shard)
        images = from_uint8(images.permute(0, 3, 1, 2))
        return Batch(images.contiguous(memory_format=self.layout), condition)

    def _read(self, position: int, count: int, shard: Shard) -> RawBatch:
        chosen = shard.of(torch.from_numpy(self.order.at(position, count))).numpy()
        if isinstance(self.order, WindowedOrder):
            assert isinstance(self.data.store, StreamedImages)
            self.data.store.read_ahead(self.order, position, count, shard)
        if self._kept:
            images = self._kept.take(chosen)
        else:
            images = on_device(torch.from_numpy(self.data.store.take(chosen)), self.device)
        condition = None
        if self.data.values is not None:
            condition = on_device(torch.from_numpy(self.data.values[chosen]), self.device)
        return RawBatch(images, condition)


def require_balance(condition: Condition | None, *, chunked: bool) -> None:
    """Raise RequestError if classes cannot be shown equally often."""
    if condition is None or condition.kind != "classes":
        require_classes(condition, "data.balance", "write data.balance=false")
    if chunked:
        raise RequestError(
            "data.balance: images that are read in chunks cannot be balanced; write "
            "data.balance=false, or pack them as .npz with `ganzoo data pack`"
        )


def _order(data: Collection, seed: int, balance: bool) -> Order:
    store, numbers = data.store, data.indices
    if balance:
        require_balance(data.condition, chunked=isinstance(store, StreamedImages))
        assert data.values is not None
        labels = data.values[numbers]
        if labels.ndim > 1:  # several classes: each combination counts as one
            labels = np.unique(labels, axis=0, return_inverse=True)[1].reshape(-1)
        return balanced(numbers, labels, seed)
    if isinstance(store, StreamedImages):
        return WindowedOrder(numbers, store.chunk, store.window, seed)
    return shuffled(numbers, seed)
