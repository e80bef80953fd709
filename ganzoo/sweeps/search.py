"""What a search looks for: its space, its sampler, and the value of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, get_args

from ganzoo.errors import RequestError, did_you_mean
from ganzoo.evaluation.record import EvaluationResult, Goal, Score, selection_metric
from ganzoo.folders import RunFolder
from ganzoo.settings import MAIN_KINDS, Settings
from ganzoo.sweeps import space
from ganzoo.sweeps.naming import trial_name
from ganzoo.sweeps.space import Space

TRIALS = 20
"""The number of runs of a search, if none is given."""

SAMPLERS = {
    "tpe": "tree-structured Parzen estimator (Bergstra et al. 2011): near the best runs so far",
    "random": "independent of the other runs",
    "qmc": "a Sobol sequence, which covers the ranges evenly; needs scipy",
}
"""The samplers, with a description."""


@dataclass(frozen=True)
class Search:
    """A search for the settings with the best value of a metric."""

    sampler: str
    trials: int
    """The number of runs."""
    seed: int
    metric: str
    """The metric of a run, or one of its values: its best one counts."""
    goal: Goal
    space: Space
    settings: Mapping[str, Any]
    """The settings that all runs share, before the recommendations of components."""

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """A search from JSON; raises TypeError, KeyError or ValueError if it is not valid."""
        about = dict(found["search"])
        of_space = space.of_json(about.pop("space"))
        search = cls(**about, space=of_space, settings=found["settings"])
        if search.sampler not in SAMPLERS or search.goal not in get_args(Goal):
            raise ValueError(f"sampler={search.sampler}, goal={search.goal}")
        if not all(type(number) is int for number in (search.trials, search.seed)):
            raise TypeError("trials and seed must be whole numbers")
        if not isinstance(search.settings, dict):
            raise TypeError("settings must be a table")
        return search

    def as_dict(self) -> dict[str, Any]:
        """The search as plain values, for JSON."""
        names = ("sampler", "trials", "seed", "metric", "goal")
        about = {name: getattr(self, name) for name in names}
        return {
            "search": {**about, "space": space.to_json(self.space)},
            "settings": dict(self.settings),
        }

    def settings_with(self, values: Mapping[str, Any]) -> Settings:
        """The settings of the run with these values of the space, before recommendations."""
        return self._with_texts({key: self.space[key].text(v) for key, v in values.items()})

    @property
    def first_settings(self) -> Settings:
        """The settings of the run with the first value of each list and range."""
        return self._with_texts({key: each.ends[0] for key, each in self.space.items()})

    def _with_texts(self, texts: Mapping[str, str]) -> Settings:
        shared = Settings()
        shared.add(self.settings, "the search")
        return with_texts(shared, texts)

    def differs(self, values: Mapping[str, Any]) -> dict[str, str]:
        """These values as text, in the order of the space."""
        return {key: each.label(values[key]) for key, each in self.space.items()}

    def run_name(self, number: int, values: Mapping[str, Any]) -> str:
        """The name of a run folder; ``number`` counts from 1."""
        return trial_name(number, len(str(self.trials)), self.differs(values))

    @property
    def maximizes(self) -> bool:
        """Whether a higher value is better."""
        return self.goal == "high"

    def value(self, folder: RunFolder) -> float | None:
        """The best value of a run, from its evaluations; ``None`` if there is none.

        For a metric whose values should be near its baseline, it is the distance from that.
        """
        scores = [each.scores for each in EvaluationResult.read(folder.evaluations)]
        values = [
            compared_value(each[name])
            for each in scores
            if (name := selection_metric(each, self.metric))
        ]
        return (max if self.maximizes else min)(values, default=None)


def with_texts(shared: Settings, texts: Mapping[str, str]) -> Settings:
    """A copy of settings with these values, names of components first."""
    settings = shared.copy()
    # Another name removes the options of the previous component.
    ordered = sorted(texts, key=lambda key: key not in MAIN_KINDS)
    settings.override(f"{key}={texts[key]}" for key in ordered)
    return settings


def require_sampler(name: str) -> None:
    """Raise RequestError if there is no sampler of this name."""
    if name == "grid":
        raise RequestError("--search grid: leave out --search, and write lists of values")
    if name not in SAMPLERS:
        known = did_you_mean(name, SAMPLERS) or f"; there are {', '.join(SAMPLERS)}"
        raise RequestError(f"there is no sampler called {name}{known}")


def compared_value(score: Score) -> float:
    """The number by which runs are compared; near the baseline of real images, the distance."""
    return score.value if score.goal == "high" else score.order
