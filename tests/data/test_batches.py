from __future__ import annotations

import numpy as np
import torch

from ganzoo import Condition
from ganzoo.data.batches import Batches
from ganzoo.data.cache import PreparedImages
from ganzoo.data.collection import Collection
from ganzoo.shard import Shard


def batches(count: int = 10, labeled: bool = True) -> Batches:
    images = np.arange(count * 2 * 3 * 3, dtype=np.uint8).reshape(count, 2, 3, 3)
    labels = np.arange(count) if labeled else None
    condition = Condition("class", tuple("abcdefghijklm"[:count])) if labeled else None
    data = PreparedImages(images, labels, condition)
    return Batches(Collection.of(data), seed=7, device=torch.device("cpu"))


def test_a_batch_has_values_in_range_and_is_channels_last() -> None:
    batch = batches().take(0, 4)
    assert batch.images.shape == (4, 3, 2, 3)
    assert batch.images.dtype == torch.float32
    assert batch.images.min() >= -1
    assert batch.images.max() <= 1
    assert batch.images.is_contiguous(memory_format=torch.channels_last)


def test_images_keep_their_labels() -> None:
    source = batches()
    batch = source.take(3, 5)
    assert batch.condition is not None
    expected = (
        torch.from_numpy(source.data.store.take(batch.condition.numpy())).permute(0, 3, 1, 2)
        / 127.5
        - 1
    )
    torch.testing.assert_close(batch.images, expected)


def test_images_without_labels_have_none_in_a_batch() -> None:
    assert batches(labeled=False).take(0, 4).condition is None


def test_shards_add_up_to_the_batch() -> None:
    source = batches()
    whole = source.take(5, 6)
    parts = [source.take(5, 6, Shard(rank, 3)) for rank in range(3)]
    assert torch.equal(torch.cat([part.images for part in parts]), whole.images)


def test_a_batch_may_be_larger_than_the_dataset() -> None:
    assert batches(count=3).take(2, 8).images.shape[0] == 8
