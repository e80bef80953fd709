from __future__ import annotations

import stat
from pathlib import Path

import pytest
import torch

from ganzoo import MetricValue
from ganzoo.evaluation.store import Store, key_of


def test_a_key_follows_from_the_facts_alone() -> None:
    assert key_of(a=1, b="x") == key_of(b="x", a=1)
    assert key_of(a=1) != key_of(a=2)


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    features = torch.randn(5, 3)
    store.keep_features("one", features)
    store.keep_numbers("two", {"fd": MetricValue(1.5, 20)})
    found = Store(tmp_path).features("one")
    assert found is not None
    assert torch.equal(found, features)
    assert Store(tmp_path).numbers("two") == {"fd": MetricValue(1.5, 20)}
    assert store.features("three") is None
    assert store.numbers("three") is None


@pytest.mark.parametrize("damage", [b"", b"junk", b"[1, 2]", b'{"fd": [1]}', b'{"fd": "x"}'])
def test_what_is_damaged_is_forgotten(tmp_path: Path, damage: bytes) -> None:
    store = Store(tmp_path)
    store.keep_features("one", torch.randn(5, 3))
    store.keep_numbers("two", {"fd": MetricValue(1.5, 20)})
    (tmp_path / "two.json").write_bytes(damage)
    assert store.numbers("two") is None
    (tmp_path / "one.json").write_bytes(damage)
    assert store.features("one") is None


def test_one_flipped_bit_of_features_is_noticed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.keep_features("one", torch.randn(5, 3))
    file = tmp_path / "one.npy"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert store.features("one") is None


def test_without_a_place_to_write_it_works_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch(mode=stat.S_IRUSR)
    store = Store(file)
    store.keep_numbers("two", {"fd": MetricValue(1.5, 20)})
    assert store.numbers("two") is None
