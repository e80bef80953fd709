"""The components that the settings of a run name, with their options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Self

from pydantic import ValidationError

from ganzoo.components import ExtractorSpec
from ganzoo.errors import RequestError, UnknownName, UnnamedComponent
from ganzoo.flags import ADDING
from ganzoo.missing_plugins import UncheckedOptions, missing_component
from ganzoo.options import Options
from ganzoo.registry import Entry, Registry
from ganzoo.schedule import Schedule
from ganzoo.scheduled_options import validated, with_values
from ganzoo.setting_errors import setting_error
from ganzoo.setting_types import split_names
from ganzoo.settings import NAMED_SECTIONS, Settings


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

    def with_values(self, values: Mapping[str, Any]) -> Self:
        """The same component with other values of some options, by their keys in its section.

        ``betas.1`` is the second element of ``betas``. Raises RequestError for a value that is not
        valid.
        """
        try:
            return replace(self, options=with_values(self.options, values))
        except ValidationError as error:
            known = self.entry.component.options.model_fields
            raise setting_error(error, "", known, {}) from None

    def tree(self) -> dict[str, Any]:
        """The qualified name and the options, as in a settings file."""
        options = self.options.model_dump(mode="json", exclude_none=True)
        return {"name": self.entry.qualified_name, **options}

    def __repr__(self) -> str:
        options = (f", {name}={value!r}" for name, value in self.options)
        return f"ConfiguredComponent({self.entry.qualified_name!r}{''.join(options)})"


class Configuration:
    """Finds the components that settings name, and validates their options."""

    def __init__(self, settings: Settings, registry: Registry, keys: Sequence[str]) -> None:
        self.settings = settings
        self.registry = registry
        self.schedules: dict[str, Schedule] = {}
        """The schedules among the options that were validated, by dotted key."""
        self._keys = keys
        """The keys of all settings of the core."""

    def find(self, kind: str, name: str, section: str) -> Entry:
        """The component of this name.

        For stored settings a missing one fails only when it is built.
        """
        stored = self.settings.stored
        try:
            return self.registry.find(kind, name)
        except UnknownName as error:
            if stored and self.settings.is_stored(f"{section}.name") and "/" in name:
                return missing_component(kind, name, stored.plugins, self.registry, error)
            raise

    def main(self, kind: str) -> Entry:
        """The dataset, architecture or loss.

        Raises UnnamedComponent if the settings do not name it.
        """
        section = self.settings.values.get(kind)
        if not isinstance(section, dict) or "name" not in section:
            raise UnnamedComponent(kind)
        return self.find(kind, str(section["name"]), kind)

    def configured(self, entry: Entry, section: str) -> ConfiguredComponent:
        """A component with the options that its section sets.

        Raises RequestError for options that are not valid.
        """
        model, values = entry.component.options, self.settings.values
        for part in section.split("."):
            values = values[part]
        given = {key: value for key, value in values.items() if key != "name"}
        origins = self.settings.origins
        elsewhere = chain(self._keys, self._named_components())
        options, schedules = validated(model, given, section, origins, elsewhere=elsewhere)
        self.schedules |= schedules
        return ConfiguredComponent(entry, options)

    def _named_components(self) -> Iterator[str]:
        """The keys of components that a run may have several of: ``regularize.r1``."""
        for section, kind in NAMED_SECTIONS.items():
            for entry in self.registry.entries(kind):
                yield f"{section}.{entry.component.name}"

    def named(self, name: str) -> dict[str, ConfiguredComponent]:
        """The components of a section such as ``augment``, by the names of their sections in it."""
        sections = self.settings.values.get(name, {})
        if not isinstance(sections, dict):
            flag = f", or --{name} NAME" if name in ADDING else ""
            raise RequestError(f"{name} is a section: write {name}.NAME=true{flag}")
        found = {}
        for label, values in sections.items():
            section = f"{name}.{label}"
            if values is False:
                continue
            if not isinstance(values, dict):
                raise RequestError(
                    f"{section}={values}: write true, false, or {section}.OPTION=VALUE"
                )
            chosen = str(values.get("name", label))
            entry = self.find(NAMED_SECTIONS[name], chosen, section)
            self._set_origin_of_name(section)
            found[label] = self.configured(entry, section)
        return found

    def turned_off(self) -> dict[str, list[str]]:
        """The components that are removed with ``false``, by the name of their section."""
        sections = {name: self.settings.values.get(name, {}) for name in NAMED_SECTIONS}
        return {
            name: [label for label, values in section.items() if values is False]
            for name, section in sections.items()
        }

    def _set_origin_of_name(self, section: str) -> None:
        """A section without a name was added by its first value."""
        origins = self.settings.origins
        first = next((key for key in origins if f"{key}.".startswith(f"{section}.")), "")
        origins.setdefault(f"{section}.name", origins.get(first, "default"))

    def metrics(self, measure: bool) -> dict[str, ConfiguredComponent]:
        """The metrics in ``evaluate.metrics``.

        If it is empty, all installed ones to measure something, else those that have a section.
        """
        sections = self.settings.values.setdefault("metrics", {})
        if not isinstance(sections, dict):
            raise RequestError("metrics is a section: write evaluate.metrics=fd,kid to choose some")
        configured = {}
        for label, section in sections.items():
            name = section.get("name", label) if isinstance(section, dict) else label
            configured[label] = self.find("metric", str(name), f"metrics.{label}")
        missing = [k for k, e in configured.items() if e.component.options is UncheckedOptions]
        default = [*self.installed_metrics(), *missing] if measure else list(configured)
        found = {}
        for name in self._names_of_metrics() or default:
            entry = configured.get(str(name)) or self._metric(str(name))
            label = entry.component.name
            sections.setdefault(label, {})
            found[label] = self.configured(entry, f"metrics.{label}")
        return found

    def installed_metrics(self) -> list[str]:
        """The names of all installed metrics."""
        return [entry.component.name for entry in self.registry.entries("metric")]

    def _names_of_metrics(self) -> Sequence[Any] | None:
        evaluate = self.settings.values.get("evaluate", {})
        named = evaluate.get("metrics") if isinstance(evaluate, dict) else ()
        names = split_names(named)
        if names is not None and not isinstance(names, list | tuple):
            raise RequestError(f"evaluate.metrics={named}: write their names, such as fd,kid")
        return names

    def _metric(self, name: str) -> Entry:
        """The metric of this name; the error explains names of values, such as ``swd/32``."""
        metric = name.partition("/")[0]
        try:
            return self.registry.find("metric", name)
        except UnknownName as error:
            if metric == name or metric not in self.installed_metrics():
                raise
            raise UnknownName(
                f"{error}; {name} is a value of the metric {metric}: write {metric}"
            ) from None

    def extractor(self, measure: bool) -> ConfiguredComponent | None:
        """The extractor; for ``auto`` the available one of the greatest preference.

        Without ``measure``, ``None`` if the settings do not choose one.
        """
        section = self.settings.values.setdefault("extractor", {})
        if not isinstance(section, dict):
            raise RequestError(
                f"extractor={section}: write the name of an extractor, such as random"
            )
        name = str(section.get("name", "auto"))
        if not measure and section in ({}, {"name": "auto"}):
            return None
        if name != "auto":
            entry = self.find("extractor", name, "extractor")
            return self.configured(entry, "extractor")
        available = [
            (entry.component.preference, entry)
            for entry in self.registry.entries("extractor")
            if isinstance(entry.component, ExtractorSpec)
            and entry.component.preference is not None
            and entry.component.is_available
        ]
        if not available:
            return None
        _, best = max(available, key=lambda each: each[0])
        self.settings.origins["extractor.name"] = "auto"
        return replace(self.configured(best, "extractor"), automatic=True)
