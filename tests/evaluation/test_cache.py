from __future__ import annotations

import stat
from pathlib import Path

import pytest
import torch

from ganzoo import MetricValue
from ganzoo.evaluation.cache import EvaluationCache, cache_key


def test_a_key_depends_on_the_facts_only() -> None:
    assert cache_key(a=1, b="x") == cache_key(b="x", a=1)
    assert cache_key(a=1) != cache_key(a=2)


def test_saved_features_and_values_are_loaded(tmp_path: Path) -> None:
    cache = EvaluationCache(tmp_path)
    features = torch.randn(5, 3)
    cache.save_features("one", features)
    cache.save_values("two", {"fd": MetricValue(1.5, 20)})
    found = EvaluationCache(tmp_path).load_features("one")
    assert found is not None
    assert torch.equal(found, features)
    assert EvaluationCache(tmp_path).load_values("two") == {"fd": MetricValue(1.5, 20)}
    assert cache.load_features("three") is None
    assert cache.load_values("three") is None


@pytest.mark.parametrize("damage", [b"", b"junk", b"[1, 2]", b'{"fd": [1]}', b'{"fd": "x"}'])
def test_damaged_entries_count_as_missing(tmp_path: Path, damage: bytes) -> None:
    cache = EvaluationCache(tmp_path)
    cache.save_features("one", torch.randn(5, 3))
    cache.save_values("two", {"fd": MetricValue(1.5, 20)})
    (tmp_path / "two.json").write_bytes(damage)
    assert cache.load_values("two") is None
    (tmp_path / "one.json").write_bytes(damage)
    assert cache.load_features("one") is None


def test_features_with_a_flipped_bit_count_as_missing(tmp_path: Path) -> None:
    cache = EvaluationCache(tmp_path)
    cache.save_features("one", torch.randn(5, 3))
    file = tmp_path / "one.npy"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert cache.load_features("one") is None


def test_an_entry_that_cannot_be_written_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch(mode=stat.S_IRUSR)
    cache = EvaluationCache(file)
    cache.save_values("two", {"fd": MetricValue(1.5, 20)})
    assert cache.load_values("two") is None
