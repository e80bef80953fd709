"""``ganzoo list`` and ``ganzoo info``: what is installed, and what it can do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.known import Json, LocalPlugin, Without, registry

if TYPE_CHECKING:
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
    from ganzoo.errors import UnknownName
    from ganzoo.registry import KINDS, plural
    from ganzoo.settings import did_you_mean

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
    from ganzoo.errors import UnknownName
    from ganzoo.settings import did_you_mean

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
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    component = entry.component
    console = Console(highlight=False)
    console.print(Text(f"{component.kind} {entry.qualified_name}", style="bold"))
    console.print(component.summary, markup=False)
    console.print(f"from {entry.plugin}", markup=False)
    if component.reference:
        console.print(component.reference, markup=False)
    prefix = _PREFIX.get(component.kind, f"{component.kind}.").format(name=component.name)
    table = Table("option", "values", "default", "meaning", box=None, pad_edge=False)
    for option, field in component.options.model_fields.items():
        row = (f"{prefix}{option}", _values(component.options, option), _default(field.default))
        table.add_row(*map(Text, (*row, field.description or "")))
    for key, value in component.recommends.items():
        table.add_row(Text(key), "", Text(_default(value)), Text("Recommended with it."))
    if table.row_count:
        console.print()
        console.print(table)
    console.print()


def _values(options: Any, name: str) -> str:
    """The allowed values in words: ``4 or 5``, ``number >= 0``, ``text or nothing``."""
    schema = options.model_json_schema()["properties"][name]
    alternatives = schema.get("anyOf", [schema])
    return " or ".join(_value(one) for one in alternatives)


def _value(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    names = {"string": "text", "null": "nothing", "boolean": "true or false", "array": "list"}
    kind = schema.get("format") or schema.get("type", "value")
    signs = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {schema[key]}" for key, sign in signs.items() if key in schema]
    return " ".join([names.get(kind, kind), ", ".join(bounds)]).strip()


def _default(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str)
