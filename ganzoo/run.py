"""Run: the validated settings and components of a training run, as one frozen pydantic model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ganzoo.components import (
    ArchitectureSpec,
    ComponentSpec,
    ExtractorSpec,
    LocalPath,
    Options,
    RecipeSpec,
)
from ganzoo.errors import RequestError, UnknownName, did_you_mean
from ganzoo.missing_plugins import UncheckedOptions, missing_component
from ganzoo.recommendations import apply_recommendations, remove_alternatives
from ganzoo.registry import Entry, Registry
from ganzoo.sections import (
    CheckpointOptions,
    DataOptions,
    EvaluateOptions,
    GrowthOptions,
    LogOptions,
    SampleOptions,
    TrainOptions,
    known_keys,
)
from ganzoo.settings import MAIN_KINDS, NAMED_SECTIONS, Settings, setting_error, split_names

SHORTHANDS = {
    "resolution": "data.resolution",
    "batch_size": "train.batch_size",
    "steps": "train.steps",
    "epochs": "train.epochs",
    "seed": "seed",
    "device": "train.device",
    "devices": "train.devices",
    "precision": "train.precision",
}
"""The settings that have a flag, by the name of the flag and of the keyword argument in Python."""


@dataclass(frozen=True, repr=False)
class ConfiguredComponent:
    """A component of a run, with its options."""

    entry: Entry
    options: Options
    automatic: bool = False
    """Whether it was chosen automatically, not by name."""

    def build(self, **context: Any) -> Any:
        """The object that the component's factory returns for the options."""
        return self.entry.build(self.options, **context)

    def with_values(self, values: Mapping[str, float]) -> ConfiguredComponent:
        raise NotImplementedError

    def tree(self) -> dict[str, Any]:
        """The qualified name and the options, as in a settings file."""
        options = self.options.model_dump(mode="json", exclude_none=True)
        return {"name": self.entry.qualified_name, **options}

    def __repr__(self) -> str:
        options = (f", {name}={value!r}" for name, value in self.options)
        return f"ConfiguredComponent({self.entry.qualified_name!r}{''.join(options)})"


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

    @classmethod
    def resolve(
        cls, settings: Settings, registry: Registry | None = None, *, recommend: bool = True
    ) -> Self:
        """The run that these settings describe. Recommendations are added to ``settings``.

        Without a registry, the installed plugins and the files in ``plugins`` are used. Settings of
        an existing run are complete: pass ``recommend=False``.

        Raises RequestError for an unknown component or key, or an invalid value.
        """
        registry = registry or discover_plugins(settings)
        entries = {k: _find(k, _name(settings, k), settings, registry, k) for k in MAIN_KINDS}
        components = {kind: entry.component for kind, entry in entries.items()}
        remove_alternatives(settings)
        if recommend:
            apply_recommendations(components, settings)
        _check_growth(components["architecture"], settings)
        parts: dict[str, Any] = {k: _configured(entries[k], settings, k) for k in MAIN_KINDS}
        parts |= {name: _named(name, settings, registry) for name in NAMED_SECTIONS}
        parts["metrics"] = _metrics(settings, registry)
        if recommend:
            _check_best(settings, parts["metrics"])
        parts["extractor"] = _extractor(settings, registry)
        rest = {key: value for key, value in settings.values.items() if key not in parts}
        try:
            return cls.model_validate({**rest, **parts})
        except ValidationError as error:
            options = (
                f"{section}.{option}"
                for section, part in _by_section(parts).items()
                for option in part.entry.component.options.model_fields
            )
            known = [*core_keys(), *options]
            raise setting_error(error, "", known, settings.origins) from None

    def tree(self) -> dict[str, Any]:
        """The run as a settings file, with qualified component names."""
        components = {kind: getattr(self, kind).tree() for kind in MAIN_KINDS}
        for section in NAMED_SECTIONS:
            chosen = getattr(self, section).items()
            components[section] = {label: part.tree() for label, part in chosen}
        others = {*MAIN_KINDS, *NAMED_SECTIONS, "extractor", "metrics"}
        rest = self.model_dump(mode="json", exclude_none=True, exclude=others)
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
        return _by_section(dict(self))

    @property
    def title(self) -> str:
        """``DATASET-ARCHITECTURE-LOSS``, by their short names."""
        return "-".join(getattr(self, kind).entry.component.name for kind in MAIN_KINDS)

    @property
    def schedules(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        return f"Run({self.title!r}, seed={self.seed})"

    __str__ = __repr__


def plugin_files(settings: Settings) -> list[Path]:
    """The local files in the setting ``plugins``.

    Raises RequestError if it is not a list of paths.
    """
    files = settings.values.get("plugins", [])
    files = [files] if isinstance(files, str) else files
    if not isinstance(files, list | tuple) or not all(isinstance(f, str | Path) for f in files):
        raise RequestError(f'plugins={files}: write a list of files, such as plugins=["my_gan.py"]')
    paths = [Path(file).expanduser().absolute() for file in files]
    if settings.is_stored("plugins"):  # a missing one is reported when a component of it is needed
        return [path for path in paths if path.is_file()]
    return paths


def _find(kind: str, name: str, settings: Settings, registry: Registry, section: str) -> Entry:
    """The component of this name. For stored settings a missing one fails only when it is built."""
    try:
        return registry.find(kind, name)
    except UnknownName as error:
        if settings.stored and settings.is_stored(f"{section}.name") and "/" in name:
            return missing_component(kind, name, settings.stored.plugins, registry, error)
        raise


def recipe_settings(recipe: str, known: Registry) -> Settings:
    """The settings of a recipe, which is their origin.

    Raises UnknownName if there is no such recipe.
    """
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


def _named(name: str, settings: Settings, registry: Registry) -> dict[str, ConfiguredComponent]:
    """The components of a section such as ``augment``, by the names of their sections in it."""
    sections = settings.values.get(name, {})
    if not isinstance(sections, dict):
        raise RequestError(f"{name} is a section: write {name}.NAME=true, or --{name} NAME")
    found = {}
    for label, values in sections.items():
        section = f"{name}.{label}"
        if values is False:
            continue
        if not isinstance(values, dict):
            raise RequestError(f"{section}={values}: write true, false, or {section}.OPTION=VALUE")
        entry = _find(
            NAMED_SECTIONS[name], str(values.get("name", label)), settings, registry, section
        )
        first = next((key for key in settings.origins if f"{key}.".startswith(f"{section}.")), "")
        settings.origins.setdefault(f"{section}.name", settings.origins.get(first, "default"))
        found[label] = _configured(entry, settings, section)
    return found


def _name(settings: Settings, kind: str) -> str:
    section = settings.values.get(kind)
    if not isinstance(section, dict) or "name" not in section:
        raise RequestError(
            f"which {kind}? Write `ganzoo train DATASET ARCHITECTURE LOSS`, or {kind}=NAME"
        )
    return str(section["name"])


def _configured(entry: Entry, settings: Settings, section: str) -> ConfiguredComponent:
    model, values = entry.component.options, settings.values
    for part in section.split("."):
        values = values[part]
    try:
        options = model.model_validate({k: v for k, v in values.items() if k != "name"})
    except ValidationError as error:
        known = [f"{section}.{option}" for option in model.model_fields]
        raise setting_error(error, section, known, settings.origins, core_keys()) from None
    return ConfiguredComponent(entry, options)


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


def _metrics(settings: Settings, registry: Registry) -> dict[str, ConfiguredComponent]:
    """The metrics in ``evaluate.metrics``; all installed ones if it is empty."""
    sections = settings.values.setdefault("metrics", {})
    if not isinstance(sections, dict):
        raise RequestError("metrics is a section: write evaluate.metrics=fd,kid to choose some")
    configured = {}
    for label, section in sections.items():
        name = section.get("name", label) if isinstance(section, dict) else label
        configured[label] = _find("metric", str(name), settings, registry, f"metrics.{label}")
    evaluate = settings.values.get("evaluate", {})
    named = evaluate.get("metrics") if isinstance(evaluate, dict) else ()
    names = split_names(named)
    if names is not None and not isinstance(names, list | tuple):
        raise RequestError(f"evaluate.metrics={named}: write their names, such as fd,kid")
    missing = [
        label for label, entry in configured.items() if entry.component.options is UncheckedOptions
    ]
    default = [*(entry.component.name for entry in registry.entries("metric")), *missing]
    found = {}
    for name in names or default:
        entry = configured.get(str(name)) or _metric(str(name), registry)
        label = entry.component.name
        sections.setdefault(label, {})
        found[label] = _configured(entry, settings, f"metrics.{label}")
    return found


def _metric(name: str, registry: Registry) -> Entry:
    """The metric of this name; the error explains names of values, such as ``swd/32``."""
    metric = name.partition("/")[0]
    try:
        return registry.find("metric", name)
    except UnknownName as error:
        if metric == name or metric not in [e.component.name for e in registry.entries("metric")]:
            raise
        raise UnknownName(
            f"{error}; {name} is a value of the metric {metric}: write {metric}"
        ) from None


def _check_best(settings: Settings, metrics: Mapping[str, ConfiguredComponent]) -> None:
    """Raise RequestError if ``evaluate.best`` cannot be a value of these metrics.

    The names of the values themselves are checked when the metrics are tried, before a run begins.
    """
    evaluate = settings.values.get("evaluate", {})
    best = evaluate.get("best") if isinstance(evaluate, dict) else None
    metric = str(best).partition("/")[0]
    if best is not None and metric not in metrics:
        known = did_you_mean(metric, metrics) or f"; there are {', '.join(metrics) or 'none'}"
        raise RequestError(f"evaluate.best={best}: no metric of the run has this value{known}")


def _extractor(settings: Settings, registry: Registry) -> ConfiguredComponent | None:
    """The extractor in the settings; for ``auto`` the available one of the greatest preference."""
    section = settings.values.setdefault("extractor", {})
    if not isinstance(section, dict):
        raise RequestError(f"extractor={section}: write the name of an extractor, such as random")
    name = str(section.get("name", "auto"))
    if name != "auto":
        entry = _find("extractor", name, settings, registry, "extractor")
        return _configured(entry, settings, "extractor")
    available = [
        (entry.component.preference, entry)
        for entry in registry.entries("extractor")
        if isinstance(entry.component, ExtractorSpec)
        and entry.component.preference is not None
        and entry.component.is_available
    ]
    if not available:
        return None
    _, best = max(available, key=lambda each: each[0])
    settings.origins["extractor.name"] = "auto"
    return replace(_configured(best, settings, "extractor"), automatic=True)


def core_keys() -> list[str]:
    """The keys of all settings and sections of the core, which every run has."""
    return list(known_keys(Run))
