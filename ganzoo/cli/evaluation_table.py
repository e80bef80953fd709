"""The result of an evaluation as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ganzoo.cli.formatting import better
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from ganzoo.evaluation.record import EvaluationResult


def evaluation_lines(result: EvaluationResult) -> Iterator[str]:
    """What was compared, and a table of the metrics with their baselines."""
    yield (
        f"step {result.step}: {result.samples} generated and {result.real} real images of "
        f"{result.size}, extractor {result.extractor}, {result.seconds:.0f} s"
    )
    rows = [("metric", "value", "images", "baseline", "images", "better", "computed from")]
    for name, score in result.scores.items():
        baseline = "-" if score.baseline is None else f"{score.baseline:.4g}"
        baseline_images = "-" if score.baseline is None else str(score.baseline_images)
        inputs = f"features of {result.extractor}" if score.by_features else "pixels"
        value, images = f"{score.value:.4g}", str(score.images)
        rows.append((name, value, images, baseline, baseline_images, better(score), inputs))
    yield from table(rows)
