"""Run: the validated settings and components of a training run, as one frozen pydantic model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from ganzoo.components import ArchitectureSpec, ComponentSpec, RecipeSpec
from ganzoo.configured_components import Configuration, ConfiguredComponent
from ganzoo.errors import RequestError
from ganzoo.evaluate_settings import check_best, check_patience, has_evaluations, keep_choices
from ganzoo.options import LocalPath
from ganzoo.recommendations import (
    add_default_observers,
    apply_recommendations,
    augmentations_for,
    remove_alternatives,
)
from ganzoo.registry import Registry
from ganzoo.schedule import Schedule
from ganzoo.scheduled_options import validated
from ganzoo.sections import (
    CheckpointOptions,
    DataOptions,
    EvaluateOptions,
    GrowthOptions,
    LogOptions,
    OtherOptimizerOptions,
    SampleOptions,
    TrainOptions,
    known_keys,
)
from ganzoo.setting_errors import setting_error
from ganzoo.settings import MAIN_KINDS, NAMED_SECTIONS, Settings, Stored
from ganzoo.user_path import user_path


class Run(BaseModel):
    """All settings and components of a training run."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    dataset: ConfiguredComponent
    architecture: ConfiguredComponent
    loss: ConfiguredComponent
    augment: Mapping[str, ConfiguredComponent] = Field(
        {}, description="Augmentations by the name of their section."
    )
    regularize: Mapping[str, ConfiguredComponent] = Field(
        {}, description="Regularizers by the name of their section."
    )
    seed: int = Field(0, ge=0, description="Seed of all random numbers of the run.")
    plugins: tuple[LocalPath, ...] = Field((), description="Local files used as plugins.")
    data: DataOptions = Field(DataOptions(), description="Images and their preparation.")
    train: TrainOptions = Field(TrainOptions(), description="Length, optimizers and devices.")
    growth: GrowthOptions | None = Field(None, description="The schedule of networks that grow.")
    checkpoint: CheckpointOptions = Field(
        CheckpointOptions(), description="When checkpoints are written."
    )
    sample: SampleOptions = Field(SampleOptions(), description="When grids of samples are made.")
    log: LogOptions = Field(LogOptions(), description="When losses are reported.")
    evaluate: EvaluateOptions = Field(
        EvaluateOptions(), description="When generated images are evaluated."
    )
    metrics: Mapping[str, ConfiguredComponent] = Field(
        {}, description="Metrics by the name of their section."
    )
    extractor: ConfiguredComponent | None = Field(
        None, description="Makes the features that metrics compare."
    )
    observe: Mapping[str, ConfiguredComponent] = Field(
        {}, description="Observers by the name of their section; false turns one off."
    )
    _schedules: Mapping[str, Schedule] = PrivateAttr(default_factory=dict)
    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict)
    _turned_off: Mapping[str, Sequence[str]] = PrivateAttr(default_factory=dict)
    """The components that the settings remove with ``false``, by their named section."""
    _installed_augmentations: Sequence[ComponentSpec] = PrivateAttr(default=())

    @classmethod
    def resolve(
        cls,
        settings: Settings,
        registry: Registry | None = None,
        *,
        recommend: bool = True,
        measure: bool = False,
    ) -> Self:
        """The run that these settings describe, with the recommendations of its components.

        Without a registry, the installed plugins and the files in ``plugins`` are used. Settings of
        an existing run are complete: pass ``recommend=False``. Metrics and an extractor that the
        settings do not name are chosen only to measure something: with ``measure``, or with
        ``evaluate.every``; then the run keeps the choice.

        Raises RequestError for an unknown component or key, or an invalid value.
        """
        settings = settings.copy()
        registry = registry or discover_plugins(settings)
        found = Configuration(settings, registry, core_keys())
        entries = {kind: found.main(kind) for kind in MAIN_KINDS}
        components = {kind: entry.component for kind, entry in entries.items()}
        remove_alternatives(settings)
        if recommend:
            apply_recommendations(components, settings)
            observers = {e.qualified_name: e.component for e in found.registry.entries("observer")}
            add_default_observers(observers, settings)
        _check_growth(components["architecture"], settings)
        parts: dict[str, Any] = {kind: found.configured(entries[kind], kind) for kind in MAIN_KINDS}
        parts |= {name: found.named(name) for name in NAMED_SECTIONS}
        evaluates = has_evaluations(settings)
        parts["metrics"] = found.metrics(measure or evaluates)
        if recommend:
            check_best(settings, list(parts["metrics"]) or found.installed_metrics())
        if evaluates:
            metrics = {name: part.entry.component for name, part in parts["metrics"].items()}
            keep_choices(settings, metrics)
        check_patience(settings)
        parts["extractor"] = found.extractor(measure or evaluates)
        return cls._validated(found, parts)

    @classmethod
    def _validated(cls, found: Configuration, parts: Mapping[str, Any]) -> Self:
        """The run of these components and of the other settings, which are validated."""
        settings = found.settings
        rest = {key: value for key, value in settings.values.items() if key not in parts}
        known = _known_keys(parts)
        if "train" in rest:
            known += _keys_of_others(rest["train"])
            rest["train"], of_train = validated(
                TrainOptions, rest["train"], "train", settings.origins, known
            )
            found.schedules |= of_train
        try:
            run = cls.model_validate({**rest, **parts})
        except ValidationError as error:
            raise setting_error(error, "", known, settings.origins) from None
        run._schedules, run._origins = found.schedules, settings.origins
        run._turned_off = found.turned_off()
        run._installed_augmentations = [
            entry.component for entry in found.registry.entries("augmentation")
        ]
        return run

    def with_measures(self, extractor: str | None = None) -> Self:
        """The same run with metrics and an extractor; installed ones are chosen if it has none.

        ``extractor`` names another one. Raises UnknownName if there is none of that name.
        """
        settings = Settings()
        settings.add(self.tree(), "")
        if extractor is not None:
            settings.set("extractor", extractor, "")
        settings.stored = Stored("", ())  # accepts components whose plugin is missing
        found = Configuration(settings, discover_plugins(settings), core_keys())
        chosen = {"metrics": found.metrics(True), "extractor": found.extractor(True)}
        return self.model_copy(update=chosen)

    def with_train(self, values: Mapping[str, Any], origin: str) -> Self:
        """The same run with other values in the section ``train``, which come from ``origin``."""
        run = self.model_copy(update={"train": self.train.model_copy(update=dict(values))})
        run._origins = {**self.origins, **{f"train.{key}": origin for key in values}}
        return run

    @property
    def schedules(self) -> Mapping[str, Schedule]:
        """The options that change during training, by dotted key: ``train.generator.lr``.

        Their values in the options are those at the start. ``train.generator.betas.1`` is an
        element of a list.
        """
        return self._schedules

    def augmentations_for(self, images: int) -> Sequence[str]:
        """The names of the installed augmentations that are suggested for so few images."""
        return augmentations_for(images, self._installed_augmentations)

    @property
    def origins(self) -> Mapping[str, str]:
        """Where each setting comes from, by dotted key; without those that have their default."""
        return self._origins

    def values_at(self, images_seen: int, total_images: int) -> dict[str, float]:
        """The values of all schedules after so many images of ``total_images``, by dotted key."""
        return {k: each.at(images_seen, total_images) for k, each in self.schedules.items()}

    def tree(self) -> dict[str, Any]:
        """The run as a settings file, with qualified component names."""
        components = {kind: getattr(self, kind).tree() for kind in MAIN_KINDS}
        for section in NAMED_SECTIONS:
            chosen = getattr(self, section).items()
            off = dict.fromkeys(self._turned_off.get(section, ()), False)
            components[section] = {**off, **{label: part.tree() for label, part in chosen}}
        others = {*MAIN_KINDS, *NAMED_SECTIONS, "extractor", "metrics"}
        rest = self.model_dump(mode="json", exclude_none=True, exclude=others)
        for key, schedule in self.schedules.items():
            _replace({**components, **rest}, key, str(schedule))
        rest["metrics"] = {label: part.tree() for label, part in self.metrics.items()}
        if self.extractor:
            rest["extractor"] = self.extractor.tree()
        if self.train.epochs is not None or self.train.images is not None:
            del rest["train"]["steps"]
        if self.train.ema.decay is not None:
            del rest["train"]["ema"]["half_life"]
        return {"seed": rest.pop("seed"), **components, **rest}

    @property
    def components(self) -> dict[str, ConfiguredComponent]:
        """The components that training uses, by their section: ``loss``, ``augment.flip``."""
        return _by_section({**dict(self), "observe": {}})

    @property
    def title(self) -> str:
        """``DATASET-ARCHITECTURE-LOSS``, by their short names."""
        return "-".join(getattr(self, kind).entry.component.name for kind in MAIN_KINDS)

    def __repr__(self) -> str:
        return f"Run({self.title!r}, seed={self.seed})"

    __str__ = __repr__


def _replace(tree: dict[str, Any], key: str, value: str) -> None:
    """Replace a value in a tree; its key may end in the number of an element of a list."""
    *parents, last = key.split(".")
    node: Any = tree
    for part in parents:
        node = node[part]
    node[int(last) if isinstance(node, list) else last] = value


def plugin_files(settings: Settings) -> list[Path]:
    """The local files in the setting ``plugins``.

    Raises RequestError if it is not a list of paths.
    """
    files = settings.values.get("plugins", [])
    files = [files] if isinstance(files, str) else files
    if not isinstance(files, list | tuple) or not all(isinstance(f, str | Path) for f in files):
        raise RequestError(f'plugins={files}: write a list of files, such as plugins=["my_gan.py"]')
    paths = [user_path(file).absolute() for file in files]
    if settings.is_stored("plugins"):  # a missing one is reported when a component of it is needed
        return [path for path in paths if path.is_file()]
    return paths


def recipe_settings(recipe: str | Path, known: Registry) -> Settings:
    """The settings of a recipe, which is their origin.

    Raises UnknownName if there is no such recipe, and RequestError for a file.
    """
    if isinstance(recipe, Path) or recipe.lower().endswith(".toml"):
        raise RequestError(
            f"{recipe} is a file, not the name of a recipe: give a settings file without --recipe, "
            f'in Python as settings="{recipe}"'
        )
    component = known.find("recipe", recipe).component
    assert isinstance(component, RecipeSpec)
    settings = Settings()
    settings.parse(component.read(), origin=f"recipe {recipe}")
    return settings


def discover_plugins(settings: Settings) -> Registry:
    """The installed plugins and the files in ``plugins``; warns of those that fail to load."""
    registry = Registry.discover(files=plugin_files(settings))
    for failure in registry.failures:
        warnings.warn(f"the plugin {failure.plugin} cannot be used: {failure.reason}", stacklevel=3)
    return registry


def _by_section(parts: Mapping[str, Any]) -> dict[str, ConfiguredComponent]:
    """The components of a run by their section, from the values of its fields."""
    found = {kind: parts[kind] for kind in MAIN_KINDS}
    for section in NAMED_SECTIONS:
        found |= {f"{section}.{label}": part for label, part in parts[section].items()}
    return found


def _known_keys(parts: Mapping[str, Any]) -> list[str]:
    """The keys of all settings of a run with these components."""
    options = (
        f"{section}.{option}"
        for section, part in _by_section(parts).items()
        for option in part.entry.component.options.model_fields
    )
    return [*core_keys(), *options]


def _keys_of_others(train: Any) -> list[str]:
    """The keys that may be meant by a section of ``train`` with the name of a network.

    They are those of the sections in ``train.others``, and ``train.others.NAME`` for
    ``train.NAME``.
    """
    if not isinstance(train, Mapping):
        return []
    others = train.get("others")
    names = list(others) if isinstance(others, Mapping) else []
    meant = [
        k for k in train if isinstance(train[k], Mapping) and k not in TrainOptions.model_fields
    ]
    options = OtherOptimizerOptions.model_fields
    return [f"train.others.{name}.{option}" for name in names for option in options] + [
        f"train.others.{name}" for name in meant
    ]


def _check_growth(architecture: ComponentSpec, settings: Settings) -> None:
    """Add the section ``growth`` for networks that grow; refuse it for others."""
    assert isinstance(architecture, ArchitectureSpec)
    if architecture.grows:
        settings.values.setdefault("growth", {})
    elif settings.values.get("growth") is not None:
        raise RequestError(
            f"the architecture {architecture.name} does not grow: remove growth, or write "
            "growth=null"
        )


def core_keys() -> list[str]:
    """The keys of all settings and sections of the core, which every run has."""
    return list(known_keys(Run))
