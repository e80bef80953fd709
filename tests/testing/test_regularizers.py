"""The checks of regularizers."""

from __future__ import annotations

from typing import Any

import pytest

import ganzoo
from ganzoo.testing import check


class Decay:
    network = "generator"
    every = 1
    independent_scores = False

    def terms(self, step: Any) -> Any:
        return {"decay": step.fake.images.square().mean()}


class Misspelled(Decay):
    def observes(self, step: Any, scores: Any) -> None: ...


def spec(made: type) -> ganzoo.RegularizerSpec:
    return ganzoo.RegularizerSpec(name="decay", summary="One.", factory=lambda options: made())


def test_a_correct_regularizer_passes() -> None:
    check(spec(Decay))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (type("Never", (Decay,), {"every": 0}), "every is 0"),
        (Misspelled, r"its method observes\(\) is never called; did you mean observe?"),
    ],
)
def test_a_wrong_regularizer_is_named(made: type, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check(spec(made))
