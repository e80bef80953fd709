"""``ganzoo list`` and ``ganzoo info``: the installed components and their options."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.formatting import allowed_values, format_value, settings_section
from ganzoo.cli.options import DisablePlugin, Json, LocalPlugin, registry
from ganzoo.cli.table import table, wrapped
from ganzoo.errors import UnknownName, did_you_mean

if TYPE_CHECKING:
    from ganzoo.components import ObserverSpec, RecipeSpec
    from ganzoo.registry import Entry


def list_components(
    component_type: Annotated[
        str | None,
        typer.Argument(
            metavar="[KIND]",
            help="List only datasets, architectures, losses, regularizers, augmentations, "
            "metrics, extractors or recipes.",
        ),
    ] = None,
    as_json: Json = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
) -> None:
    """List all installed components: datasets, architectures, losses and more.

    Examples: `ganzoo list`, `ganzoo list losses`, `ganzoo list --json`.
    """
    from ganzoo.components import plural
    from ganzoo.registry import KINDS

    kinds = {plural(k): k for k in KINDS} | {k: k for k in KINDS}
    if component_type is not None and component_type not in kinds:
        plurals = [plural(k) for k in KINDS]
        known = did_you_mean(component_type, plurals) or f"; there are {', '.join(plurals)}"
        raise UnknownName(f"there is no kind of component called {component_type}{known}")
    kind = kinds[component_type] if component_type else None
    entries = registry(disable_plugin, plugin).entries(kind)
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
            line = f"  {component.name:{width}}  {component.summary}  [{entry.plugin.name}]"
            print(wrapped(line, width + 4))


def info(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A component's name such as dcgan or PLUGIN/dcgan, or the key of a setting or of "
            "a section of settings.",
        ),
    ],
    as_json: Json = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
) -> None:
    """Show a component with its options, or a setting with its default and allowed values.

    Examples: `ganzoo info dcgan`, `ganzoo info wgan-gp/wgan-gp --json`,
    `ganzoo info train.generator.lr`, `ganzoo info sample`.
    """
    entries = registry(disable_plugin, plugin).entries()
    found = [e for e in entries if name in (e.component.name, e.qualified_name)]
    if not found:
        _print_settings(name, entries, as_json)
    elif as_json:
        print(json.dumps([_facts(entry, schema=True) for entry in found], indent=2))
    else:
        for entry in found:
            _print_component(entry)


def _print_settings(name: str, entries: Sequence[Entry], as_json: bool) -> None:
    """Print a setting, or all settings in a section.

    Raises UnknownName if there is none of this name.
    """
    from ganzoo.cli.keys import SECTIONS, all_keys, find_keys
    from ganzoo.setting_errors import suggest_keys

    known = all_keys(entries)
    found = find_keys(name, known)
    if not found and name not in SECTIONS:
        sections = dict.fromkeys(key.name.rpartition(".")[0] for key in known)
        names = [*(entry.component.name for entry in entries), *SECTIONS, *filter(None, sections)]
        suggestion = suggest_keys(name, [*names, *dict.fromkeys(key.name for key in known)])
        raise UnknownName(
            f"there is no component and no setting called {name}"
            f"{suggestion or '; `ganzoo list` shows all components'}"
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
            value = format_value(entry.component.recommends[name])
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
        facts["results"] = [result.model_dump(mode="json") for result in component.read_results()]
    return facts


def _print_component(entry: Entry) -> None:
    from ganzoo.cli.keys import schedule_lines
    from ganzoo.components import ObserverSpec, RecipeSpec

    component = entry.component
    print(f"{component.kind} {entry.qualified_name}")
    print(component.summary)
    print(f"from {entry.plugin}")
    if component.reference:
        print(component.reference)
    for option, field in component.options.model_fields.items():
        key, default = f"{settings_section(component)}.{option}", format_value(field.default)
        print(f"\n  {key}={default}  ({allowed_values(field)})")
        print(wrapped(f"      {field.description}", 6))
        print(*(f"  {line}\n" for line in schedule_lines(key, field)), sep="", end="")
    if component.recommends:
        print("\nrecommended settings, which are the defaults of runs with this component:")
    for key, value in component.recommends.items():
        print(f"  {key}={format_value(value)}")
    if isinstance(component, RecipeSpec):
        print(*_recipe_lines(component), sep="\n")
    elif isinstance(component, ObserverSpec):
        print(*_observer_lines(component), sep="\n")
    elif component.kind == "command":
        print(f"\nrun it with: ganzoo {component.name}")
    print()


def _observer_lines(observer: ObserverSpec) -> Iterator[str]:
    """How a run uses the observer, or does not use it."""
    if observer.default:
        yield f"\nevery run uses it; turn it off with: observe.{observer.name}=false"
    else:
        yield f"\nadd it to a run with: observe.{observer.name}=true"


def _recipe_lines(recipe: RecipeSpec) -> Iterator[str]:
    """A recipe's expected and measured results, the command that runs it, and its settings file."""
    from ganzoo.cli.measured_tables import measured_tables

    if recipe.expects:
        yield f"\nexpected results: {recipe.expects}"
    for title, rows in measured_tables(recipe.read_results()):
        yield f"\nmeasured: {title}"
        yield from (f"  {line}" for line in table(rows))
    yield f"\nrun it with: ganzoo train --recipe {recipe.name}"
    yield f"\n{recipe.read().rstrip()}"
