"""Evaluations of no run, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ganzoo.evaluation.record import EvaluationResult, Score


def evaluated(step: int, scores: Mapping[str, Score], **more: Any) -> EvaluationResult:
    """An evaluation with these scores, and these values of other fields."""
    found = EvaluationResult(
        step=step,
        images_seen=8 * step,
        scores=scores,
        samples=8,
        real=20,
        image_shape=(3, 8, 8),
        images="images",
        extractor="random",
        features="random-1",
        seed=0,
        seconds=0.1,
    )
    return replace(found, **more)
