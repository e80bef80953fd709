"""Components of a run whose plugin is not there any more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ConfigDict

from ganzoo.components import (
    AugmentationSpec,
    DatasetSpec,
    ExtractorSpec,
    LossSpec,
    MetricSpec,
    Options,
)
from ganzoo.errors import RequestError
from ganzoo.registry import PROGRAM, Entry, Plugin, Registry

_LOCAL = "local: "


class Unchecked(Options):
    """The options of a component whose plugin is missing, as they were kept."""

    model_config = ConfigDict(extra="allow")


def stand_in(
    kind: str, name: str, recorded: Iterable[str], registry: Registry, error: RequestError
) -> Entry:
    """An entry in the place of ``plugin/component``, which refuses only when it is built.

    So a run can be used for whatever does not need this component. ``recorded`` are the plugins
    that the run has noted, as ``foo (ganzoo-foo 1.2)``; ``error`` is what the registry says.
    Raises RequestError for an architecture, which everything needs.
    """
    plugin_name, _, component = name.partition("/")
    plugin = _recorded(plugin_name, recorded)
    not_loaded = {each.name for each in registry.disabled}
    not_loaded |= {failure.plugin.name for failure in registry.failures}
    there = next((each for each in registry.plugins if each.name == plugin_name), None)
    refusal = error if plugin_name in not_loaded else RequestError(_said(kind, name, plugin, there))
    if kind == "architecture":
        raise refusal

    def refuse(options: Options, **context: Any) -> None:
        raise refusal

    made = {
        each.kind: each
        for each in (DatasetSpec, LossSpec, AugmentationSpec, MetricSpec, ExtractorSpec)
    }[kind]
    summary = "Its plugin is missing."
    return Entry(made(name=component, summary=summary, factory=refuse, options=Unchecked), plugin)


def _recorded(name: str, recorded: Iterable[str]) -> Plugin:
    for text in recorded:
        noted, _, source = text.removesuffix(")").partition(" (")
        if noted == name:
            if source.startswith(_LOCAL):
                return Plugin(name, source, "")
            distribution, _, version = source.partition(" ")
            return Plugin(name, distribution, version)
    return Plugin(name, "unknown", "")


def _said(kind: str, name: str, plugin: Plugin, there: Plugin | None) -> str:
    if name.startswith(f"{PROGRAM.name}/"):
        argument = "augment" if kind == "augmentation" else kind
        return (
            f"the {kind} {name.partition('/')[2]} was an object of a Python program: give it again "
            f"from Python, such as ganzoo.resume(RUN, {argument}=...) or "
            f"ganzoo.load(RUN, {argument}=...)"
        )
    if plugin.distribution.startswith(_LOCAL):
        came = f"the {kind} {name} came from the file {plugin.distribution.removeprefix(_LOCAL)}"
        if there:
            return f"{came}, which does not offer it any more"
        return f'{came}, which is not there: bring it back, or name it with plugins=["FILE.py"]'
    source = plugin.name if plugin.distribution == "unknown" else str(plugin)
    missing = f"and the installed {there} does not offer it" if there else "which is not installed"
    remedy = f": pip install {plugin.distribution}=={plugin.version}" if plugin.version else ""
    return f"the {kind} {name} came from the plugin {source}, {missing}{remedy}"
