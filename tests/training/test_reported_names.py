"""No number of a component is reported by the name of another number."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import ganzoo
from ganzoo import Phase, RequestError
from ganzoo.journal import GROUPS
from ganzoo.training.reported_names import require_own_names

PHASES = (
    Phase(name="discriminator", networks=("discriminator",), terms=lambda step: {}),
    Phase(name="generator", networks=("generator",), terms=lambda step: {}),
)


@pytest.mark.parametrize(
    ("regularize", "augment", "message"),
    [
        ("generator", "flip", "regularize.generator has the name of a phase of the loss"),
        ("r1", "discriminator", "augment.discriminator has the name of a phase of the loss"),
        ("r1", "r1", r"augment\.r1 has the name of regularize\.r1: use another label, augment\."),
        *(("r1", name, f"augment.{name} has the name of numbers that ganzoo") for name in GROUPS),
    ],
)
def test_a_label_that_is_a_name_of_other_numbers_is_refused(
    regularize: str, augment: str, message: str
) -> None:
    require_own_names(PHASES, {"regularize": ["r1"], "augment": ["flip", "shift"]})
    with pytest.raises(RequestError, match=message):
        require_own_names(PHASES, {"regularize": [regularize], "augment": [augment]})


def test_numbers_that_ganzoo_reports_begin_with_these_names(
    tiny: Callable[..., dict[str, Any]],
) -> None:
    settings = {
        "train.on_nonfinite": "skip",
        "train.generator.lr": "0.001 -> 0.0001 cosine",
        "evaluate.every": 2,
        "evaluate.samples": 12,
        "evaluate.metrics": "moments",
        "augment.mine": "ada",
    }
    run = ganzoo.train(**tiny("run", "growing-mlp", settings=settings))
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    groups = {name.partition("/")[0] for line in lines for name in json.loads(line)}
    assert groups - {"step", "images_seen", "discriminator", "generator", "mine"} == {*GROUPS}
