"""Directions of the generators of all architectures."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from ganzoo.errors import RequestError
from ganzoo.output.directions import finding
from ganzoo.output.directions.moved import moved
from tests.export.untrained import kinds, untrained

_NORMALIZED = {"progressive", "projected"}
"""Their generators normalize latents, so no layer computes a linear function of these."""


@pytest.mark.parametrize("architecture", kinds())
def test_directions_are_found_for_every_architecture(architecture: str) -> None:
    trained = untrained(architecture, kinds()[architecture][-1])
    trained.source, trained.step = Path("run"), 0
    trained.run = cast("Any", SimpleNamespace(title=architecture))
    found = finding.by_method(trained, count=2, images=16)
    assert [each.name for each in found] == ["gradient-1", "gradient-2"]
    for each in found:
        assert each.vector.isfinite().all()
        assert each.std > 0
    changed = moved(trained, found, {"gradient-1": 3})
    assert not torch.equal(changed.generate(2), trained.generate(2))
    try:
        weights = finding.by_method(trained, "weights", count=1, images=16)
    except RequestError:
        assert architecture in _NORMALIZED
    else:
        assert architecture not in _NORMALIZED
        assert 0 < weights[0].explained <= 1 + 1e-6
