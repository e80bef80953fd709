"""The rates of a machine."""

from __future__ import annotations

import pytest
import torch

from ganzoo.benchmark import ceiling
from ganzoo.benchmark.ceiling import Ceiling


def test_rates_are_operations_and_bytes_by_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = ceiling._Sizes(matrix=4, images=2, channels=3, pixels=5, copied=64)
    monkeypatch.setattr(ceiling, "_ON_CPU", tiny)
    called: list[object] = []

    def two_seconds(call: object, device: torch.device) -> float:
        called.append(call())  # type: ignore[operator]
        return 2.0

    monkeypatch.setattr(ceiling, "seconds_of", two_seconds)
    found = Ceiling.measure(torch.device("cpu"))
    assert found.matrix_product == 2 * 4**3 / 2
    assert found.convolution == 2 * (2 * 3 * 5 * 5) * (3 * 9) / 2
    assert found.copy == 2 * 64 / 2
    assert len(called) == 3


def test_the_mean_of_two_ceilings() -> None:
    assert Ceiling(1, 2, 3).mean(Ceiling(3, 4, 5)) == Ceiling(2, 3, 4)
