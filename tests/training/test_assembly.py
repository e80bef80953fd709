"""What a run says before its first step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ganzoo
from ganzoo.training import assembly

MESSAGE = "trying the networks and the loss on random images"


@pytest.mark.parametrize(("seconds", "is_said"), [(0.0, True), (600.0, False)])
def test_a_long_trial_of_the_components_is_explained(
    seconds: float,
    is_said: bool,
    tiny: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(assembly, "_LONG", seconds)
    ganzoo.train(**{**tiny(), "quiet": False})
    assert (MESSAGE in capsys.readouterr().err) == is_said
