from __future__ import annotations

import numpy as np
import pytest
import torch

from ganzoo.data.batches import Batches, Order
from ganzoo.data.cache import PreparedPictures
from ganzoo.share import Share


def batches(count: int = 10, labelled: bool = True) -> Batches:
    pictures = np.arange(count * 2 * 3 * 3, dtype=np.uint8).reshape(count, 2, 3, 3)
    labels = np.arange(count) if labelled else None
    data = PreparedPictures(pictures, labels, tuple("abc") if labelled else ())
    return Batches(data, seed=7, device=torch.device("cpu"))


@pytest.mark.parametrize("epoch", [0, 1, 2**40])
def test_every_picture_comes_once_an_epoch(epoch: int) -> None:
    order = Order(11, seed=1)
    assert sorted(order.at(epoch * 11, 11)) == list(range(11))


def test_epochs_and_seeds_are_shuffled_differently() -> None:
    first, second = Order(50, 1).at(0, 50), Order(50, 1).at(50, 50)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, Order(50, 2).at(0, 50))
    assert not np.array_equal(first, np.arange(50))


@pytest.mark.parametrize("count", [1, 4, 11, 40])
def test_the_order_depends_on_the_position_alone(count: int) -> None:
    whole = Order(11, 3).at(0, 80)
    pieces = np.concatenate([Order(11, 3).at(at, count) for at in range(0, 80 - count + 1, count)])
    assert np.array_equal(pieces, whole[: len(pieces)])


def test_the_order_is_pinned() -> None:
    # It must not change with a version of anything: a resumed run would see other pictures.
    assert Order(10, seed=12345).at(0, 10).tolist() == [7, 3, 4, 0, 9, 1, 2, 5, 8, 6]


def test_a_batch_is_in_range_and_channels_last() -> None:
    batch = batches().take(0, 4)
    assert batch.images.shape == (4, 3, 2, 3)
    assert batch.images.dtype == torch.float32
    assert batch.images.min() >= -1
    assert batch.images.max() <= 1
    assert batch.images.is_contiguous(memory_format=torch.channels_last)


def test_pictures_stay_with_their_labels() -> None:
    source = batches()
    batch = source.take(3, 5)
    assert batch.labels is not None
    expected = torch.from_numpy(source.data.pictures[batch.labels]).permute(0, 3, 1, 2) / 127.5 - 1
    torch.testing.assert_close(batch.images, expected)


def test_without_labels_there_are_none() -> None:
    assert batches(labelled=False).take(0, 4).labels is None


def test_shares_make_up_the_batch() -> None:
    source = batches()
    whole = source.take(5, 6)
    parts = [source.take(5, 6, Share(rank, 3)) for rank in range(3)]
    assert torch.equal(torch.cat([part.images for part in parts]), whole.images)


def test_a_batch_may_be_larger_than_the_set() -> None:
    assert batches(count=3).take(2, 8).images.shape[0] == 8
