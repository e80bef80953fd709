"""Stand-ins for components of a run whose plugin is not installed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from ganzoo.components import (
    AugmentationSpec,
    DatasetSpec,
    ExtractorSpec,
    LossSpec,
    MetricSpec,
    ObserverSpec,
    RegularizerSpec,
)
from ganzoo.errors import RequestError
from ganzoo.options import Options
from ganzoo.registry import PYTHON_OBJECTS, Entry, Plugin, Registry
from ganzoo.settings import NAMED_SECTIONS

_SPECS = {
    spec.kind: spec
    for spec in (
        *(DatasetSpec, LossSpec, RegularizerSpec),
        *(AugmentationSpec, MetricSpec, ExtractorSpec, ObserverSpec),
    )
}


class UncheckedOptions(Options):
    """The stored options of a component whose plugin is missing, without validation."""

    model_config = ConfigDict(extra="allow")


def missing_component(
    kind: str, name: str, recorded: Iterable[str], registry: Registry, error: RequestError
) -> Entry:
    """An entry for ``plugin/component`` that raises RequestError only when it is built.

    So a run can still be used for all that does not need this component. ``recorded`` are the
    plugins in the run folder, as ``foo (ganzoo-foo 1.2)``; ``error`` is the registry's error.

    Raises RequestError for an architecture, which is always needed, and for an impossible name.
    """
    plugin_name, _, component = name.partition("/")
    plugin = _recorded_plugin(plugin_name, recorded)
    not_loaded = {each.name for each in registry.disabled}
    not_loaded |= {failure.plugin.name for failure in registry.failures}
    installed = next((each for each in registry.plugins if each.name == plugin_name), None)
    refusal = error
    if plugin_name not in not_loaded:
        refusal = RequestError(_message(kind, name, plugin, installed))
    if kind == "architecture":
        raise refusal

    def refuse(options: Options, **context: Any) -> None:
        raise refusal

    try:
        made = _SPECS[kind](
            name=component,
            summary="Its plugin is missing.",
            factory=refuse,
            options=UncheckedOptions,
        )
    except ValueError:  # no component can have this name
        raise error from None
    return Entry(made, plugin)


def _recorded_plugin(name: str, recorded: Iterable[str]) -> Plugin:
    for text in recorded:
        recorded_name, _, source = text.removesuffix(")").partition(" (")
        if recorded_name == name:
            distribution, _, version = source.partition(" ")
            local = Plugin(name, source, "")
            return local if local.file else Plugin(name, distribution, version)
    return Plugin(name, "unknown", "")


def _message(kind: str, name: str, plugin: Plugin, installed: Plugin | None) -> str:
    if name.startswith(f"{PYTHON_OBJECTS.name}/"):
        argument = next((name for name, of in NAMED_SECTIONS.items() if of == kind), kind)
        return (
            f"the {kind} {name.partition('/')[2]} was passed as a Python object: pass it again "
            f"from Python, such as ganzoo.resume(RUN, {argument}=...) or "
            f"ganzoo.load(RUN, {argument}=...)"
        )
    if file := plugin.file:
        origin = f"the {kind} {name} is from the file {file}"
        if installed:
            return f"{origin}, which does not declare it any more"
        copy = f'plugins=["FOLDER/{Path(file).name}"]'
        return (
            f"{origin}, which does not exist: restore it; "
            f"resume, evaluate and neighbors can also load a copy: {copy}"
        )
    source = plugin.name if plugin.distribution == "unknown" else str(plugin)
    missing = "which is not installed"
    if installed:
        missing = f"but the installed {installed} does not declare it"
    remedy = f": ganzoo install {plugin.distribution}=={plugin.version}" if plugin.version else ""
    return f"the {kind} {name} is from the plugin {source}, {missing}{remedy}"
