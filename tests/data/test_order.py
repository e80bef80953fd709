from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from ganzoo.data.order import Order, WindowedOrder, balanced, shuffled

LABELS = np.array([0] * 7 + [1] * 2 + [2] * 3)


def plain(images: int, seed: int) -> Order:
    return shuffled(np.arange(images), seed)


ORDERS: dict[str, Callable[[int], Order]] = {
    "shuffled": lambda seed: plain(11, seed),
    "balanced": lambda seed: balanced(np.arange(12), LABELS, seed),
    "windowed": lambda seed: WindowedOrder(np.arange(3, 53), chunk=4, window=12, seed=seed),
}


@pytest.mark.parametrize("epoch", [0, 1, 2**40])
def test_every_image_occurs_once_per_epoch(epoch: int) -> None:
    assert sorted(plain(11, 1).at(epoch * 11, 11)) == list(range(11))
    numbers = np.array([2, 3, 5, 8, 13, 21])
    assert sorted(shuffled(numbers, 1).at(epoch * 6, 6)) == numbers.tolist()
    assert sorted(WindowedOrder(numbers, 4, 3, 1).at(epoch * 6, 6)) == numbers.tolist()


@pytest.mark.parametrize("name", ORDERS)
def test_epochs_and_seeds_are_shuffled_differently(name: str) -> None:
    make, length = ORDERS[name], 21 if name == "balanced" else 50 if name == "windowed" else 11
    first, second = make(1).at(0, length), make(1).at(length, length)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, make(2).at(0, length))
    assert not np.array_equal(first, np.sort(first))


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("count", [1, 4, 11, 40])
def test_the_order_depends_only_on_the_position(name: str, count: int) -> None:
    make = ORDERS[name]
    whole = make(3).at(0, 160)
    pieces = np.concatenate([make(3).at(at, count) for at in range(0, 160 - count + 1, count)])
    assert np.array_equal(pieces, whole[: len(pieces)])


def test_the_orders_do_not_change_between_versions() -> None:
    # They must not change with any version: a resumed run would get other images.
    assert plain(10, seed=12345).at(0, 10).tolist() == [7, 3, 4, 0, 9, 1, 2, 5, 8, 6]
    assert ORDERS["balanced"](5).at(0, 8).tolist() == [8, 0, 11, 6, 10, 8, 1, 7]
    assert ORDERS["windowed"](5).at(0, 8).tolist() == [30, 5, 7, 6, 4, 29, 3, 31]


def test_classes_and_the_images_of_each_occur_equally_often() -> None:
    drawn = balanced(np.arange(12), LABELS, seed=0).at(21, 21)  # the second epoch
    assert [int((LABELS[drawn] == label).sum()) for label in range(3)] == [7, 7, 7]
    times = np.bincount(drawn, minlength=12)
    assert times[:7].tolist() == [1] * 7
    assert sorted(times[7:9]) == [3, 4]
    assert sorted(times[9:]) == [2, 2, 3]


def test_images_that_occur_once_more_differ_in_each_epoch() -> None:
    order = balanced(np.arange(12), LABELS, seed=0)
    extra = {int(np.bincount(order.at(21 * e, 21), minlength=12)[7:9].argmax()) for e in range(20)}
    assert extra == {0, 1}


def test_an_order_of_windows_needs_no_memory_for_each_image() -> None:
    numbers = np.arange(1_000_000)
    tracemalloc.start()
    order = WindowedOrder(numbers, chunk=340, window=16384, seed=0)
    assert len(order.at(999_990, 20)) == 20
    assert tracemalloc.get_traced_memory()[1] < 2**21
    tracemalloc.stop()


def test_a_window_contains_few_chunks_and_is_shuffled() -> None:
    order = WindowedOrder(np.arange(1000), chunk=10, window=100, seed=0)
    for epoch in range(2):
        for window in range(10):
            numbers = order.at(1000 * epoch + 100 * window, 100)
            assert len(np.unique(numbers // 10)) == 10
            assert not np.array_equal(np.sort(numbers), numbers)
    few = WindowedOrder(np.arange(0, 1000, 10), chunk=10, window=100, seed=0)
    assert len(np.unique(few.at(0, 10) // 10)) == 10  # a window consists of chunks, not of images
    first = {tuple(np.unique(order.at(1000 * epoch, 100) // 10)) for epoch in range(5)}
    assert len(first) == 5  # windows contain different chunks in each epoch
