"""Prepared images in the memory of the device, from which batches are gathered there."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.collection import Collection
from ganzoo.data.order import Indices
from ganzoo.data.streaming import StreamedImages
from ganzoo.errors import RequestError

_COPIED = 1024
"""Images that are copied at once."""
_SHARE = 4
"""``auto`` needs this many times the bytes of the images as free memory."""


class DeviceImages:
    """All images of a collection as one uint8 tensor (N, H, W, C) on a device."""

    def __init__(self, data: Collection, device: torch.device) -> None:
        self._numbers = data.indices
        shape = data.shape
        size = (len(data), shape.height, shape.width, shape.channels)
        self._images = torch.empty(size, dtype=torch.uint8, device=device)
        for start in range(0, len(data), _COPIED):
            some = data.store.take(data.indices[start : start + _COPIED])
            self._images[start : start + len(some)].copy_(torch.from_numpy(some))

    def take(self, numbers: Indices) -> Tensor:
        """The images with these numbers in the collection's store, uint8 (N, H, W, C)."""
        rows = torch.from_numpy(np.searchsorted(self._numbers, numbers))
        return self._images.index_select(0, on_device(rows, self._images.device))


def should_keep(data: Collection, device: torch.device, setting: Literal["auto"] | bool) -> bool:
    """Whether the images are kept on the device, by the setting ``data.on_device``.

    Raises RequestError if they must be but are read in chunks.
    """
    is_streamed = isinstance(data.store, StreamedImages)
    if setting != "auto":
        if setting and is_streamed:
            raise RequestError(
                "data.on_device=true: images that are read in chunks are not kept; write "
                "data.on_device=auto"
            )
        return setting
    if device.type != "cuda" or is_streamed:
        return False
    shape = data.shape
    size = len(data) * shape.channels * shape.height * shape.width
    return size * _SHARE < torch.cuda.mem_get_info(device)[0]


def on_device(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on a device; the copy to a GPU does not wait for earlier work there."""
    if device.type == "cuda":
        # Only copies from pinned memory are asynchronous.
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def may_overlap(device: torch.device) -> bool:
    """Whether copies to a device can run beside its computation."""
    return device.type == "cuda"
