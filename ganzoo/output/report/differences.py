"""The settings of a run, and those that differ from the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ganzoo.objects import Objects
from ganzoo.run import Run
from ganzoo.settings import MAIN_KINDS, NAMED_SECTIONS, Settings, Stored, changed_values, explain


class Setting(NamedTuple):
    """A setting's key, value and default as text."""

    key: str
    value: str
    default: str = ""


def changed_settings(run: Run) -> list[Setting]:
    """The settings that differ from the defaults of the same components."""
    bare, tree = Settings(), run.tree()
    bare.stored = Stored("", ())  # accepts components whose plugin is missing
    bare.add({"plugins": tree["plugins"], **{k: {"name": tree[k]["name"]} for k in MAIN_KINDS}}, "")
    removed = []  # recommended components that the run does not use
    for section in NAMED_SECTIONS:
        for label, chosen in tree[section].items():
            bare.add({section: {label: chosen and {"name": chosen["name"]}}}, "")
            removed += [] if chosen else [f"{section}.{label}"]
    every = tree["evaluate"].get("every")
    bare.set("evaluate.every", every, "")  # so that the same metrics are chosen
    objects = Objects()
    objects.add_from(run)
    changes = changed_values(Run.resolve(bare, objects.registry(bare)).tree(), tree)
    changes |= dict.fromkeys(removed, (True, False))
    if every is not None:
        changes["evaluate.every"] = (None, every)
    return [
        Setting(key, format_value(value), format_value(default))
        for key, (default, value) in changes.items()
    ]


def all_settings(tree: Mapping[str, Any]) -> list[Setting]:
    """All settings by dotted key, without defaults."""
    return [Setting(key, format_value(value)) for key, value, _ in explain(tree, {})]


def format_value(value: Any) -> str:
    """A setting's value as text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(format_value, value)) or "none"
    return "–" if value is None or value == {} else str(value)
