"""Run: one frozen tree that says all about a training run."""

from __future__ import annotations

import typing
import warnings
from collections.abc import Iterator, Mapping
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
from ganzoo.missing_plugins import Unchecked, stand_in
from ganzoo.registry import Entry, Registry
from ganzoo.sections import (
    CheckpointOptions,
    DataOptions,
    EvaluateOptions,
    GrowthOptions,
    LogOptions,
    SampleOptions,
    TrainOptions,
)
from ganzoo.settings import NAMED, Settings, listed, reworded

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
"""The settings that everyone uses, by the name of their flag, which is also Python's keyword."""


@dataclass(frozen=True, repr=False)
class Chosen:
    """A component picked for a run, with its options."""

    entry: Entry
    options: Options
    automatic: bool = False
    """Whether nobody named it."""

    def build(self, **context: Any) -> Any:
        """What the component's factory makes of the options."""
        return self.entry.build(self.options, **context)

    def tree(self) -> dict[str, Any]:
        """The name and the options as a settings file holds them."""
        options = self.options.model_dump(mode="json", exclude_none=True)
        return {"name": self.entry.qualified_name, **options}

    def __repr__(self) -> str:
        options = (f", {name}={value!r}" for name, value in self.options)
        return f"Chosen({self.entry.qualified_name!r}{''.join(options)})"


class Run(BaseModel):
    """Everything that decides what a training run does."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    dataset: Chosen
    architecture: Chosen
    loss: Chosen
    augment: Mapping[str, Chosen] = Field(
        {}, description="Augmentations by the name of their section."
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
    metrics: Mapping[str, Chosen] = Field({}, description="Metrics by the name of their section.")
    extractor: Chosen | None = Field(None, description="Makes the features that metrics compare.")

    @classmethod
    def resolve(
        cls, settings: Settings, registry: Registry | None = None, *, advised: bool = True
    ) -> Self:
        """The run that these settings describe; recommendations are added to ``settings``.

        Without a registry, all that is installed and the settings' own ``plugins`` are known.
        Settings that were resolved before are complete: they are not ``advised`` again.

        Raises RequestError for the first unknown component or key, or value out of its bounds.
        """
        registry = registry or installed(settings)
        entries = {k: _find(k, _name(settings, k), settings, registry, k) for k in NAMED}
        for group in _ALTERNATIVES:
            _settle(group, settings)
        if advised:
            _recommend(entries, settings)
        _settle_growth(entries["architecture"].component, settings)
        chosen: dict[str, Any] = {kind: _chosen(entries[kind], settings, kind) for kind in NAMED}
        chosen["augment"] = {
            label: _chosen(_find("augmentation", name, settings, registry, place), settings, place)
            for label, name in _augmentations(settings)
            for place in [f"augment.{label}"]
        }
        chosen["metrics"] = _metrics(settings, registry)
        if advised:
            _require_number(settings, chosen["metrics"])
        chosen["extractor"] = _extractor(settings, registry)
        rest = {k: v for k, v in settings.values.items() if k not in chosen}
        try:
            return cls.model_validate({**rest, **chosen})
        except ValidationError as error:
            parts = [(kind, chosen[kind]) for kind in NAMED]
            parts += [(f"augment.{label}", one) for label, one in chosen["augment"].items()]
            options = (f"{place}.{o}" for place, one in parts for o in _options(one))
            known = [*core_keys(), *options]
            raise reworded(error, "", known, settings.origins) from None

    def tree(self) -> dict[str, Any]:
        """The run as a settings file holds it, with qualified component names."""
        components = {kind: getattr(self, kind).tree() for kind in NAMED}
        augment = {label: chosen.tree() for label, chosen in self.augment.items()}
        others = {*NAMED, "augment", "extractor", "metrics"}
        rest = self.model_dump(mode="json", exclude_none=True, exclude=others)
        rest["metrics"] = {label: chosen.tree() for label, chosen in self.metrics.items()}
        if self.extractor:
            rest["extractor"] = self.extractor.tree()
        if self.train.epochs is not None or self.train.images is not None:
            del rest["train"]["steps"]
        if self.train.ema.decay is not None:
            del rest["train"]["ema"]["half_life"]
        return {"seed": rest.pop("seed"), **components, "augment": augment, **rest}

    @property
    def title(self) -> str:
        """``dataset-architecture-loss``, by their short names."""
        return "-".join(getattr(self, kind).entry.component.name for kind in NAMED)

    def __repr__(self) -> str:
        return f"Run({self.title!r}, seed={self.seed})"

    __str__ = __repr__


def plugin_files(settings: Settings) -> list[Path]:
    """The local files that the settings use as plugins.

    Raises RequestError if they are not a list of paths.
    """
    files = settings.values.get("plugins", [])
    files = [files] if isinstance(files, str) else files
    if not isinstance(files, list | tuple) or not all(isinstance(f, str | Path) for f in files):
        raise RequestError(f'plugins={files}: write a list of files, such as plugins=["my_gan.py"]')
    paths = [Path(file).expanduser().absolute() for file in files]
    if settings.is_stored("plugins"):  # what comes from one that is gone says so when it is needed
        return [path for path in paths if path.is_file()]
    return paths


def _find(kind: str, name: str, settings: Settings, registry: Registry, section: str) -> Entry:
    """The component of this name; one that a run has kept may be missing until it is built."""
    try:
        return registry.find(kind, name)
    except UnknownName as error:
        if settings.stored and settings.is_stored(f"{section}.name") and "/" in name:
            return stand_in(kind, name, settings.stored.plugins, registry, error)
        raise


def settings_of(recipe: str, known: Registry) -> Settings:
    """The settings of a recipe, with it as their origin.

    Raises UnknownName if there is no such recipe.
    """
    component = known.find("recipe", recipe).component
    assert isinstance(component, RecipeSpec)
    settings = Settings()
    settings.parse(component.read(), origin=f"recipe {recipe}")
    return settings


def installed(settings: Settings) -> Registry:
    """All that is installed, and the settings' own ``plugins``; of those that fail it warns."""
    registry = Registry.discover(files=plugin_files(settings))
    for failure in registry.failures:
        warnings.warn(f"the plugin {failure.plugin} cannot be used: {failure.reason}", stacklevel=3)
    return registry


def _augmentations(settings: Settings) -> Iterator[tuple[str, str]]:
    """Each section's own name, and the name of the augmentation that it is for."""
    sections = settings.values.get("augment", {})
    if not isinstance(sections, dict):
        raise RequestError("augment is a section: write augment.NAME=true, or --augment NAME")
    for label, values in sections.items():
        if not isinstance(values, dict):
            raise RequestError(
                f"augment.{label}={values}: write true, false, or augment.{label}.OPTION=VALUE"
            )
        yield label, str(values.get("name", label))


def _name(settings: Settings, kind: str) -> str:
    section = settings.values.get(kind)
    if not isinstance(section, dict) or "name" not in section:
        raise RequestError(
            f"which {kind}? Write `ganzoo train DATASET ARCHITECTURE LOSS`, or {kind}=NAME"
        )
    return str(section["name"])


def _chosen(entry: Entry, settings: Settings, section: str) -> Chosen:
    model, values = entry.component.options, settings.values
    for part in section.split("."):
        values = values[part]
    try:
        options = model.model_validate({k: v for k, v in values.items() if k != "name"})
    except ValidationError as error:
        known = [f"{section}.{option}" for option in model.model_fields]
        raise reworded(error, section, known, settings.origins, core_keys()) from None
    return Chosen(entry, options)


_ADVISORS = ("architecture", "loss", "dataset")
"""Whose recommendations count: the first's go over the next one's."""

_ALTERNATIVES = (
    {"train.steps", "train.epochs", "train.images"},
    {"train.ema.half_life", "train.ema.decay"},
)
"""Several ways to say one thing: there is never more than one of each."""


def _settle(alternatives: set[str], settings: Settings) -> None:
    """Keep what was set last."""
    *earlier, last = [key for key in settings.origins if key in alternatives] or [""]
    for key in earlier:
        if settings.origins[key] == settings.origins[last]:
            raise RequestError(f"{settings.origins[last]}: give {key} or {last}, not both")
        settings.drop(key)


def _recommend(entries: Mapping[str, Entry], settings: Settings) -> None:
    """Set what the components recommend where nobody has set it, in this way or another."""
    for kind in _ADVISORS:
        component = entries[kind].component
        said = {key for group in _ALTERNATIVES if group & settings.origins.keys() for key in group}
        advice = {key: value for key, value in component.recommends.items() if key not in said}
        settings.recommend(advice, origin=f"{kind} {component.name}")


def _settle_growth(architecture: ComponentSpec, settings: Settings) -> None:
    """There is a section ``growth`` exactly where networks grow."""
    assert isinstance(architecture, ArchitectureSpec)
    if architecture.grows:
        settings.values.setdefault("growth", {})
    elif settings.values.get("growth") is not None:
        raise RequestError(
            f"the architecture {architecture.name} does not grow: leave growth out, or write "
            "growth=null"
        )


def _metrics(settings: Settings, registry: Registry) -> dict[str, Chosen]:
    """The metrics that are named, or all that are installed."""
    sections = settings.values.setdefault("metrics", {})
    if not isinstance(sections, dict):
        raise RequestError("metrics is a section: write evaluate.metrics=fd,kid to choose some")
    kept = {}
    for label, section in sections.items():
        name = section.get("name", label) if isinstance(section, dict) else label
        kept[label] = _find("metric", str(name), settings, registry, f"metrics.{label}")
    evaluate = settings.values.get("evaluate", {})
    named = evaluate.get("metrics") if isinstance(evaluate, dict) else ()
    names = listed(named)
    if names is not None and not isinstance(names, list | tuple):
        raise RequestError(f"evaluate.metrics={named}: write their names, such as fd,kid")
    missing = [label for label, entry in kept.items() if entry.component.options is Unchecked]
    every = [*(entry.component.name for entry in registry.entries("metric")), *missing]
    chosen = {}
    for name in names or every:
        entry = kept.get(str(name)) or _metric(str(name), registry)
        label = entry.component.name
        sections.setdefault(label, {})
        chosen[label] = _chosen(entry, settings, f"metrics.{label}")
    return chosen


def _metric(name: str, registry: Registry) -> Entry:
    """The metric of this name; one of its numbers, such as ``swd/32``, is told to be no metric."""
    metric = name.partition("/")[0]
    try:
        return registry.find("metric", name)
    except UnknownName as error:
        if metric == name or metric not in [e.component.name for e in registry.entries("metric")]:
            raise
        raise UnknownName(f"{error}; {name} is a number: the metric is {metric}") from None


def _require_number(settings: Settings, metrics: Mapping[str, Chosen]) -> None:
    """Raise RequestError if ``evaluate.best`` can be no number of these metrics.

    Which numbers a metric gives is seen when it is tried, before a run begins.
    """
    evaluate = settings.values.get("evaluate", {})
    best = evaluate.get("best") if isinstance(evaluate, dict) else None
    metric = str(best).partition("/")[0]
    if best is not None and metric not in metrics:
        known = did_you_mean(metric, metrics) or f"; there are {', '.join(metrics) or 'none'}"
        raise RequestError(f"evaluate.best={best}: no metric of the run gives this number{known}")


def _extractor(settings: Settings, registry: Registry) -> Chosen | None:
    """The extractor that is named, or the most preferred one whose packages are installed."""
    section = settings.values.setdefault("extractor", {})
    if not isinstance(section, dict):
        raise RequestError(f"extractor={section}: name an extractor, such as random")
    name = str(section.get("name", "auto"))
    if name != "auto":
        entry = _find("extractor", name, settings, registry, "extractor")
        return _chosen(entry, settings, "extractor")
    ranked = [
        (entry.component.preference, entry)
        for entry in registry.entries("extractor")
        if isinstance(entry.component, ExtractorSpec)
        and entry.component.preference is not None
        and entry.component.is_available
    ]
    if not ranked:
        return None
    _, best = max(ranked, key=lambda each: each[0])
    settings.origins["extractor.name"] = "auto"
    return replace(_chosen(best, settings, "extractor"), automatic=True)


def _options(chosen: Chosen) -> list[str]:
    return list(chosen.entry.component.options.model_fields)


def section(annotation: Any) -> type[BaseModel] | None:
    """The model of a field that is a section of settings, one that may be absent among them."""
    for kind in (annotation, *typing.get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def core_keys() -> list[str]:
    """The keys of all settings and sections that every run has, whatever it is made of."""
    return list(known_keys(Run))


def known_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """The dotted key of every setting and section inside a section."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        if inside := section(field.annotation):
            yield from known_keys(inside, f"{prefix}{name}.")
