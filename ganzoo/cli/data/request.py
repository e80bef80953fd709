"""The dataset that ``[DATASET] [KEY=VALUE]...`` or a recipe choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ganzoo.errors import RequestError

if TYPE_CHECKING:
    from ganzoo.contracts import Dataset
    from ganzoo.options import Options
    from ganzoo.registry import Entry, Registry
    from ganzoo.sections import DataOptions
    from ganzoo.settings import Settings


class Chosen(NamedTuple):
    """A dataset with its options, and how its images are prepared."""

    entry: Entry
    options: Options
    preparation: DataOptions

    @property
    def can_skip(self) -> bool:
        """Whether the dataset has an option to skip images that cannot be read."""
        return "on_error" in type(self.options).model_fields

    def build(self) -> Dataset:
        """The dataset, as a run gets it."""
        dataset: Dataset = self.entry.build(self.options)
        return dataset

    def skipping_unreadable(self) -> Chosen:
        """A copy that skips images that cannot be read, if the dataset has options for that."""
        changed = {"on_error": "skip"} if self.can_skip else {}
        if getattr(self.options, "memory", None) in ("auto", "load"):
            changed["memory"] = "stream"  # loading fails as a whole if one image is damaged
        return self._replace(options=self.options.model_copy(update=changed))


def choose(words: Sequence[str], recipe: str | None, known: Registry) -> Chosen:
    """The dataset and preparation that ``[DATASET] [KEY=VALUE]...`` or a recipe choose.

    Raises RequestError for unknown names and settings, and for settings of other sections.
    """
    from ganzoo.recommendations import recommend_preparation
    from ganzoo.scheduled_options import validated
    from ganzoo.sections import DataOptions

    settings = _settings(words, recipe, known)
    section = settings.values["dataset"]
    entry = known.find("dataset", str(section["name"]))
    recommend_preparation(entry.component, settings)
    chosen = {key: value for key, value in section.items() if key != "name"}
    data = settings.values.get("data", {})
    options, _ = validated(entry.component.options, chosen, "dataset", settings.origins)
    preparation, _ = validated(DataOptions, data, "data", settings.origins)
    return Chosen(entry, options, preparation)


def _settings(words: Sequence[str], recipe: str | None, known: Registry) -> Settings:
    from ganzoo.run import recipe_settings
    from ganzoo.settings import Settings

    settings = recipe_settings(recipe, known) if recipe else Settings()
    given = Settings()
    names = [word for word in words if "=" not in word]
    if len(names) > 1:
        from ganzoo.planning.dataset_paths import require_quoted

        require_quoted(names)
    datasets = [each for name in names for each in _dataset(name, known)]
    given.override([*datasets, *(word for word in words if "=" in word)])
    for key in given.origins:
        if key.partition(".")[0] not in ("dataset", "data"):
            raise RequestError(
                f"{key} does not affect the dataset: give only settings of dataset and data"
            )
    settings.add(given.values, "command line")
    section = settings.values.get("dataset")
    if len(names) > 1 or not isinstance(section, dict) or "name" not in section:
        raise RequestError(
            f"expected one dataset, not {' '.join(names) or 'none'}: write DATASET [KEY=VALUE]..."
        )
    return settings


def _dataset(name: str, known: Registry) -> list[str]:
    """The settings of an installed dataset, or of the one that opens a file or folder."""
    from ganzoo.planning.dataset_paths import dataset_of, may_be_path

    if not may_be_path(name):
        return [f"dataset={name}"]
    return [f"{key}={value}" for key, value in dataset_of(name, known).items()]
