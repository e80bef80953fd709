"""Batches by position: which pictures come when, and how they reach the device."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganzoo.data.cache import PreparedPictures
from ganzoo.pictures import from_uint8
from ganzoo.share import WHOLE, Share


class Batch(NamedTuple):
    """Some real pictures on the device."""

    images: Tensor
    """float32 (N, C, H, W) in [-1, 1]."""
    labels: Tensor | None
    """int64 (N,), or ``None`` where pictures have no labels."""


class Order:
    """An endless sequence of picture numbers: every picture once per epoch, each epoch shuffled.

    The sequence depends on nothing but the seed and the number of pictures, so a position in it,
    the number of pictures taken so far, is all that a checkpoint needs.
    """

    def __init__(self, pictures: int, seed: int) -> None:
        self.pictures = pictures
        self.seed = seed
        self._permutation = lru_cache(maxsize=2)(self._shuffle)

    def at(self, position: int, count: int) -> NDArray[np.intp]:
        """The ``count`` numbers from ``position`` on; a batch may reach into the next epoch."""
        epoch, start = divmod(position, self.pictures)
        found = self._permutation(epoch)[start : start + count]
        while len(found) < count:
            epoch += 1
            found = np.concatenate([found, self._permutation(epoch)[: count - len(found)]])
        return found

    def _shuffle(self, epoch: int) -> NDArray[np.intp]:
        # The raw stream of a bit generator is fixed for ever; Generator.permutation is not.
        keys = np.random.Philox(key=self.seed, counter=[0, 0, 0, epoch]).random_raw(self.pictures)
        return np.argsort(keys, kind="stable")


class Batches:
    """Real pictures, by their position in the order."""

    def __init__(
        self,
        data: PreparedPictures,
        seed: int,
        device: torch.device,
        layout: torch.memory_format = torch.channels_last,
    ) -> None:
        self.data = data
        self.layout = layout
        self.device = device
        self.order = Order(len(data), seed)

    def take(self, position: int, count: int, share: Share = WHOLE) -> Batch:
        """This process's share of the batch of ``count`` pictures that begins at ``position``."""
        chosen = share.of(torch.from_numpy(self.order.at(position, count))).numpy()
        pictures = torch.from_numpy(self.data.pictures[chosen]).to(self.device, non_blocking=True)
        labels = None
        if self.data.labels is not None:
            labels = torch.from_numpy(self.data.labels[chosen]).to(self.device, non_blocking=True)
        images = from_uint8(pictures.permute(0, 3, 1, 2))
        return Batch(images.contiguous(memory_format=self.layout), labels)
