"""What a plan is made from: the user's settings, the time, and the installed components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ganzoo.components import ComponentSpec, MetricSpec
from ganzoo.configured_components import Configuration
from ganzoo.errors import RequestError
from ganzoo.observers.observer import SILENT, Observer
from ganzoo.planning.budget import Clock
from ganzoo.planning.images import Size
from ganzoo.planning.inspected_dataset import InspectedDataset, inspect_dataset
from ganzoo.recommendations import recommend_preparation
from ganzoo.registry import Entry, Registry
from ganzoo.run import core_keys
from ganzoo.scheduled_options import validated
from ganzoo.sections import DataOptions
from ganzoo.settings import Settings

ORIGIN = "plan"
"""The origin of the settings that a plan chooses."""

_LOOKING, _MOST_LOOKING = 0.05, 30.0
"""The part of the budget for looking at the images, and the seconds at most."""
LENGTHS = ("train.steps", "train.epochs", "train.images", "train.max_time")
"""The settings that a plan chooses always."""


def skipping(dataset: ComponentSpec) -> dict[str, Any]:
    """The setting that leaves out images that cannot be read, if the dataset has one."""
    return {"dataset.on_error": "skip"} if "on_error" in dataset.options.model_fields else {}


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """What the user wants, and what may be used for it."""

    known: Registry
    given: Settings
    """The user's settings; without architecture and loss, a recipe is chosen."""
    clock: Clock
    progress: Observer = SILENT
    name: str = ""
    """What the user calls the images."""

    def __post_init__(self) -> None:
        """Raise RequestError if the settings have a length, too, or several processes."""
        for key in LENGTHS:
            if self.given.origins.get(key) in ("command line", "Python"):
                raise RequestError(f"--budget plans the length: leave out {key}")
        train = self.given.values.get("train", {})
        many = [key for key in ("devices", "nodes") if str(train.get(key) or 1) != "1"]
        if many:
            raise RequestError(
                f"--budget plans for one process: leave out train.{many[0]}, or plan without it "
                "and train the settings file of the plan with it"
            )

    @property
    def metrics(self) -> dict[str, MetricSpec]:
        """The installed metrics by name."""
        found = [entry.component for entry in self.known.entries("metric")]
        return {each.name: each for each in found if isinstance(each, MetricSpec)}

    @property
    def size(self) -> Size | None:
        """The size that the user has chosen."""
        if "data.resolution" not in self.given.origins:
            return None
        data = self._data(self.given)
        return data.width, data.height

    @property
    def dataset(self) -> Entry:
        """The dataset of the user; raises RequestError if there is none."""
        return Configuration(self.given.copy(), self.known, core_keys()).main("dataset")

    def show(self, what: str, done: int = 0, total: int = 1) -> None:
        """Show what is done now."""
        self.progress.on_evaluation_progress(what, done, total)

    def inspect(self, settings: Settings) -> InspectedDataset:
        """The images of the dataset of these settings."""
        settings = settings.copy()
        configuration = Configuration(settings, self.known, core_keys())
        entry = configuration.main("dataset")
        recommend_preparation(entry.component, settings)
        settings.recommend(skipping(entry.component), ORIGIN)
        return inspect_dataset(
            configuration.configured(entry, "dataset"),
            self._data(settings),
            self.name or entry.component.name,
            min(_MOST_LOOKING, _LOOKING * self.clock.budget),
            lambda done, total: self.show("looking at images", done, total),
        )

    def _data(self, settings: Settings) -> DataOptions:
        values = settings.values.get("data", {})
        options, _ = validated(DataOptions, values, "data", settings.origins)
        return options
