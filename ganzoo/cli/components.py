"""``ganzoo list`` and ``ganzoo info``: what is installed, and what it can do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.formatting import section, shown, values
from ganzoo.cli.options import DisablePlugin, Json, LocalPlugin, registry

if TYPE_CHECKING:
    from ganzoo.components import RecipeSpec
    from ganzoo.registry import Entry


def list_components(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="datasets, architectures, losses, augmentations, metrics, extractors or recipes."
        ),
    ] = None,
    as_json: Json = False,
    disable_plugin: DisablePlugin = None,
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
    entries = registry(disable_plugin, plugin).entries(kinds[kind] if kind else None)
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
    name: Annotated[
        str, typer.Argument(help="A component's name, or plugin/name; a setting, or a section.")
    ],
    as_json: Json = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
) -> None:
    """Explain a component and its options, or a setting by its key.

    Examples: `ganzoo info dcgan`, `ganzoo info wgan-gp/wgan-gp --json`,
    `ganzoo info train.generator.lr`, `ganzoo info sample`.
    """
    entries = registry(disable_plugin, plugin).entries()
    found = [e for e in entries if name in (e.component.name, e.qualified_name)]
    if not found:
        _explain(name, entries, as_json)
    elif as_json:
        print(json.dumps([_facts(entry, schema=True) for entry in found], indent=2))
    else:
        for entry in found:
            _describe(entry)


def _explain(name: str, entries: Sequence[Entry], as_json: bool) -> None:
    """Print what is known of a setting, or of all in a section."""
    from ganzoo.cli.keys import SECTIONS, keys, named
    from ganzoo.errors import UnknownName
    from ganzoo.settings import suggest_keys

    known = keys(entries)
    found = named(name, known)
    if not found and name not in SECTIONS:
        places = dict.fromkeys(key.name.rpartition(".")[0] for key in known)
        names = [*(entry.component.name for entry in entries), *SECTIONS, *filter(None, places)]
        near = suggest_keys(name, [*names, *dict.fromkeys(key.name for key in known)])
        raise UnknownName(
            f"there is no component and no setting called {name}"
            f"{near or '; `ganzoo list` shows all components'}"
        )
    if as_json:
        print(json.dumps([key.facts for key in found], indent=2, default=str))
        return
    if name in SECTIONS:
        components = [e.component.name for e in entries if e.component.kind == SECTIONS[name]]
        print(f"{name} takes the name of a component: {', '.join(components)}")
    for key in found:
        print(*key.lines(), sep="\n")
    for entry in entries:
        if name in entry.component.recommends:
            value = shown(entry.component.recommends[name])
            print(f"    The {entry.component.kind} {entry.qualified_name} recommends {value}.")


def _facts(entry: Entry, schema: bool = False) -> dict[str, Any]:
    import tomllib

    from ganzoo.components import RecipeSpec

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
    if schema and isinstance(component, RecipeSpec):
        facts["expects"] = component.expects
        facts["settings"] = tomllib.loads(component.read())
    return facts


def _describe(entry: Entry) -> None:
    from ganzoo.components import RecipeSpec

    component = entry.component
    print(f"{component.kind} {entry.qualified_name}")
    print(component.summary)
    print(f"from {entry.plugin}")
    if component.reference:
        print(component.reference)
    for option, field in component.options.model_fields.items():
        print(f"\n  {section(component)}.{option}={shown(field.default)}  ({values(field)})")
        print(f"      {field.description}")
    if component.recommends:
        print("\nrecommends, unless you say otherwise:")
    for key, value in component.recommends.items():
        print(f"  {key}={shown(value)}")
    if isinstance(component, RecipeSpec):
        print(*_told_of(component), sep="\n")
    print()


def _told_of(recipe: RecipeSpec) -> Iterator[str]:
    """What only a recipe has to tell: what to expect, how to run it, and its settings."""
    if recipe.expects:
        yield f"\nexpect: {recipe.expects}"
    yield f"\nrun it with: ganzoo train --recipe {recipe.name}"
    yield f"\n{recipe.read().rstrip()}"
