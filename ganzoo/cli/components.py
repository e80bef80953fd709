"""``ganzoo list`` and ``ganzoo info``: what is installed, and what it can do."""

from __future__ import annotations

import json
import typing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.known import Json, LocalPlugin, Without, registry

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from ganzoo.registry import Entry

_PREFIX = {"augmentation": "augment.{name}."}


def list_components(
    kind: Annotated[
        str | None,
        typer.Argument(help="datasets, architectures, losses, augmentations, metrics or recipes."),
    ] = None,
    as_json: Json = False,
    without: Without = None,
    plugin: LocalPlugin = None,
) -> None:
    """List everything installed, from whichever package it came.

    Examples: `ganzoo list`, `ganzoo list losses`, `ganzoo list --json`.
    """
    from ganzoo.errors import UnknownName, did_you_mean
    from ganzoo.registry import KINDS, plural

    kinds = {plural(k): k for k in KINDS} | {k: k for k in KINDS}
    if kind is not None and kind not in kinds:
        plurals = [plural(k) for k in KINDS]
        known = did_you_mean(kind, plurals) or f"; there are {', '.join(plurals)}"
        raise UnknownName(f"there is no kind of component called {kind}{known}")
    entries = registry(without, plugin).entries(kinds[kind] if kind else None)
    if as_json:
        print(json.dumps([_facts(entry) for entry in entries], indent=2))
        return
    width = max((len(entry.component.name) for entry in entries), default=0)
    for k in KINDS:
        of_kind = [entry for entry in entries if entry.component.kind == k]
        if of_kind:
            print(f"{plural(k)}:")
        for entry in of_kind:
            component = entry.component
            print(f"  {component.name:{width}}  {component.summary}  [{entry.plugin.name}]")


def info(
    name: Annotated[str, typer.Argument(help="A component's name, or plugin/name.")],
    as_json: Json = False,
    without: Without = None,
    plugin: LocalPlugin = None,
) -> None:
    """Show one component: what it is, where it comes from, and its options.

    Examples: `ganzoo info dcgan`, `ganzoo info wgan-gp/wgan-gp --json`.
    """
    from ganzoo.errors import UnknownName, did_you_mean

    entries = registry(without, plugin).entries()
    found = [e for e in entries if name in (e.component.name, e.qualified_name)]
    if not found:
        known = did_you_mean(name, [e.component.name for e in entries])
        raise UnknownName(
            f"there is no component called {name}{known or '; `ganzoo list` shows them all'}"
        )
    if as_json:
        print(json.dumps([_facts(entry, schema=True) for entry in found], indent=2))
        return
    for entry in found:
        _describe(entry)


def _facts(entry: Entry, schema: bool = False) -> dict[str, Any]:
    component = entry.component
    facts: dict[str, Any] = {
        "kind": component.kind,
        "name": component.name,
        "qualified_name": entry.qualified_name,
        "summary": component.summary,
        "reference": component.reference,
        "plugin": entry.plugin.name,
        "distribution": entry.plugin.distribution,
        "version": entry.plugin.version,
    }
    if schema:
        facts["recommends"] = dict(component.recommends)
        facts["options"] = component.options.model_json_schema()
    return facts


def _describe(entry: Entry) -> None:
    component = entry.component
    print(f"{component.kind} {entry.qualified_name}")
    print(component.summary)
    print(f"from {entry.plugin}")
    if component.reference:
        print(component.reference)
    prefix = _PREFIX.get(component.kind, f"{component.kind}.").format(name=component.name)
    for option, field in component.options.model_fields.items():
        print(f"\n  {prefix}{option}={_shown(field.default)}  ({_values(field)})")
        print(f"      {field.description}")
    if component.recommends:
        print("\nrecommends, unless you say otherwise:")
    for key, value in component.recommends.items():
        print(f"  {key}={_shown(value)}")
    print()


def _values(field: FieldInfo) -> str:
    """What an option may be, in words: ``4 or 5``, ``number, >= 0``, ``text, or nothing``."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    bounds = [
        f"{sign} {getattr(bound, name)}"
        for bound in field.metadata
        for name, sign in signs.items()
        if hasattr(bound, name)
    ]
    return ", ".join([_kind(field.annotation), *bounds])


def _kind(annotation: Any) -> str:
    names = {int: "whole number", float: "number", bool: "true or false", str: "text"}
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(str(value) for value in typing.get_args(annotation))
    if typing.get_origin(annotation) is Annotated:
        return _kind(typing.get_args(annotation)[0])
    inside = [_kind(one) for one in typing.get_args(annotation) if one is not type(None)]
    if type(None) in typing.get_args(annotation):
        inside.append("nothing")
    return " or ".join(inside) or names.get(annotation, annotation.__name__.lower())


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str)
