from __future__ import annotations

import numpy as np
import pytest
import torch

from ganzoo import Condition, RequestError
from ganzoo.data.batches import Batches
from ganzoo.data.cache import PreparedImages
from ganzoo.data.collection import Collection, group_classes

NAMES = ("daisy", "rose", "tulip", "a+b")
LABELS = np.array([2, 0, 1, 1, 3, 0, 2])


def store(labeled: bool = True) -> PreparedImages:
    images = np.arange(7, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    if not labeled:
        return PreparedImages(images, None, None, "x")
    return PreparedImages(images, LABELS, Condition("class", NAMES), "x")


def test_without_classes_all_images_are_used() -> None:
    data = Collection.of(store())
    assert (len(data), data.class_names, data.identity) == (7, NAMES, "x")
    assert Collection.of(store(labeled=False)).values is None


def test_the_order_of_classes_gives_the_labels() -> None:
    data = Collection.of(store(), ["tulip", "daisy"])
    assert data.class_names == ("tulip", "daisy")
    assert data.indices.tolist() == [0, 1, 5, 6]
    assert data.values is not None
    assert data.values[data.indices].tolist() == [0, 1, 1, 0]
    assert data.identity not in ("x", Collection.of(store(), ["daisy", "tulip"]).identity)


def test_a_plus_merges_two_classes() -> None:
    data = Collection.of(store(), ["rose+tulip", "a+b"])
    assert data.class_names == ("rose+tulip", "a+b")
    assert data.values is not None
    assert data.values.tolist() == [0, -1, 0, 0, 1, -1, 0]


def test_batches_contain_only_the_chosen_classes() -> None:
    batches = Batches(Collection.of(store(), ["rose"]), seed=0, device=torch.device("cpu"))
    batch = batches.take(0, 6)
    assert set(((batch.images[:, 0, 0, 0] + 1) * 127.5).round().tolist()) == {2, 3}
    assert batch.condition is not None
    assert batch.condition.tolist() == [0] * 6


def test_balanced_batches_contain_each_class_equally_often() -> None:
    data = Collection.of(store())
    batch = Batches(data, seed=0, device=torch.device("cpu"), balance=True).take(0, 8)
    assert batch.condition is not None
    assert batch.condition.bincount().tolist() == [2, 2, 2, 2]


def test_combinations_of_several_classes_can_be_balanced() -> None:
    condition = Condition("classes", ("round", "red"))
    values = np.array([[0, 0]] * 4 + [[1, 0]] * 2 + [[1, 1]], np.float32)
    data = Collection(store(), np.arange(7), values, condition, "")
    batch = Batches(data, seed=0, device=torch.device("cpu"), balance=True).take(0, 12)
    assert batch.condition is not None
    assert batch.condition.unique(dim=0, return_counts=True)[1].tolist() == [4, 4, 4]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["roze"], "data.classes: there is no class roze; did you mean rose?"),
        (["rose+x"], "there is no class x; the classes are daisy, rose, tulip, a\\+b"),
        (["rose", "rose"], "data.classes contains the class rose twice"),
        (["rose", "tulip+rose"], "data.classes contains the class rose twice"),
    ],
)
def test_wrong_classes_are_refused(wanted: list[str], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        Collection.of(store(), wanted)


def test_classes_and_balance_need_labels() -> None:
    with pytest.raises(RequestError, match=r"data.classes=rose: the images have no labels"):
        group_classes(None, ["rose"])
    with pytest.raises(RequestError, match=r"data.balance: the images have no labels"):
        Batches(Collection.of(store(labeled=False)), 0, torch.device("cpu"), balance=True)
