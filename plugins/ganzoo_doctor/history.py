"""What a run has reported and measured up to a step."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, NamedTuple, Self

from ganzoo import (
    EvaluationResult,
    Journal,
    RunFolder,
    Score,
    comparable_results,
    selection_metric,
)

Report = Mapping[str, float]


class Reading(NamedTuple):
    """The value of a metric in one evaluation."""

    step: int
    images_seen: int
    score: Score


@dataclass
class History:
    """The reports and evaluations of a run, in the order of their steps."""

    settings: Mapping[str, Any]
    """All settings of the run as plain values, nested as in ``run.toml``."""
    reports: list[Report] = field(default_factory=list)
    """The numbers of each report, with ``step`` and ``images_seen``."""
    evaluations: list[EvaluationResult] = field(default_factory=list)
    nonfinite: bool = False
    """Whether the training ended because a number was not finite."""

    @classmethod
    def read(cls, folder: RunFolder, settings: Mapping[str, Any], step: float = math.inf) -> Self:
        """The history of a run up to a step; lines that are missing or damaged are skipped."""
        lines = [line for line in Journal.read(folder.metrics).lines if line["step"] <= step]
        reports = [line for line in lines if not any(n.startswith("metric/") for n in line)]
        found = [e for e in EvaluationResult.read(folder.evaluations) if e.step <= step]
        found.sort(key=lambda each: each.step)
        return cls(settings, reports, found, _ended_by_nonfinite(folder, reports))

    def forget_after(self, step: int) -> None:
        """Remove what belongs to later steps."""
        self.reports = [each for each in self.reports if each["step"] <= step]
        self.evaluations = [each for each in self.evaluations if each.step <= step]

    @property
    def images_seen(self) -> int:
        """The images seen until the last report."""
        return int(self.reports[-1]["images_seen"]) if self.reports else 0

    def values(self, name: str) -> list[float]:
        """All reported values of a number that are finite."""
        found = (each[name] for each in self.reports if name in each)
        return [value for value in found if math.isfinite(value)]

    def recent(self, name: str) -> list[float]:
        """The values of the last third of the reports; empty if there is too little of them."""
        values = self.values(name)
        count = len(values) // 3
        enough = count >= FEWEST_REPORTS and self.images_seen >= FEWEST_IMAGES
        return values[-count:] if enough else []

    def names(self, prefix: str) -> list[str]:
        """The names of all reported numbers that begin with ``prefix``."""
        return list(dict.fromkeys(n for each in self.reports for n in each if n.startswith(prefix)))

    def readings(self, name: str) -> list[Reading]:
        """The values of a metric, one per step, that can be compared with its last one."""
        found = comparable_results(self.evaluations, name)
        return [Reading(each.step, each.images_seen, each.scores[name]) for each in found]

    def metric_names(self) -> list[str]:
        """The names of all values of metrics."""
        return list(dict.fromkeys(name for each in self.evaluations for name in each.scores))

    @property
    def best_by(self) -> str | None:
        """The value of a metric that chooses the best checkpoint; ``None`` if nothing does."""
        wanted = self.settings.get("evaluate", {}).get("best")
        return selection_metric(self.metric_names(), wanted) if wanted else None

    def setting(self, key: str) -> Any:
        """The present value of a setting, also of one that is a schedule; ``None`` if unset."""
        if scheduled := self.values(f"schedule/{key}"):
            return scheduled[-1]
        value: Any = self.settings
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def scaled(self, key: str, factor: float) -> str:
        """``KEY=VALUE`` with a multiple of the present value of a setting."""
        value = self.setting(key)
        return f"{key}={value * factor:.3g}" if isinstance(value, int | float) else ""


FEWEST_REPORTS = 4
"""The fewest reports whose mean says something: each covers ``log.every`` steps, but the separation
of scores is that of a single batch."""


FEWEST_IMAGES = 2000
"""Images seen. All small runs changed most before, so that their numbers say little."""


def mean(values: Sequence[float]) -> float:
    """The mean; NaN of no values."""
    return fmean(values) if values else math.nan


def _ended_by_nonfinite(folder: RunFolder, reports: Sequence[Report]) -> bool:
    """Whether nothing was reported after the last number that was not finite."""
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        step = json.loads(folder.nonfinite.read_text(errors="replace"))["step"]
        return all(each["step"] <= step for each in reports)
    return False
