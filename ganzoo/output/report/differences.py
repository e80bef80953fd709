"""Which settings of a run are not the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ganzoo.objects import Objects
from ganzoo.run import Run
from ganzoo.settings import MAIN_KINDS, Settings, Stored, changed_settings, explain


class Setting(NamedTuple):
    """A setting's value, and what it is by default."""

    key: str
    value: str
    default: str = ""


def changed(run: Run) -> list[Setting]:
    """The settings that are not what the same components have if nothing else is said."""
    bare, tree = Settings(), run.tree()
    bare.stored = Stored("", ())  # a component whose plugin is missing is none the less one
    bare.add({"plugins": tree["plugins"], **{k: {"name": tree[k]["name"]} for k in MAIN_KINDS}}, "")
    bare.add({"augment": {k: {"name": v["name"]} for k, v in tree["augment"].items()}}, "")
    objects = Objects()
    objects.keep(run)
    changes = changed_settings(Run.resolve(bare, objects.registry(bare)).tree(), tree)
    return [Setting(key, shown(now), shown(before)) for key, (before, now) in changes.items()]


def every(tree: Mapping[str, Any]) -> list[Setting]:
    """All settings, by dotted key."""
    return [Setting(key, shown(value)) for key, value, _ in explain(tree, {})]


def shown(value: Any) -> str:
    """A value as a person writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value)) or "none"
    return "–" if value is None or value == {} else str(value)
