"""Writes zoo.md, the tables of all that comes with ganzoo: ``python docs/zoo.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from ganzoo.cli.formatting import section, shown, values
from ganzoo.registry import KINDS, Entry, Registry, plural
from ganzoo.run import Run
from ganzoo.sections import section as settings_of

BEGINNING = """\
# The zoo

All that comes with ganzoo: what you can name, and every key that you can set. `ganzoo list` and
`ganzoo info NAME` show the same, and what other plugins add to it.

<!-- Written by `python docs/zoo.py`: change the declarations, not this page. -->
"""


def page() -> str:
    """The page, from the declarations."""
    blocks = [BEGINNING]
    registry = Registry.discover()
    for kind in KINDS:
        entries = [e for e in registry.entries(kind) if e.plugin.distribution == "ganzoo-toolkit"]
        if entries:
            blocks.append(f"## {plural(kind).capitalize()}\n")
        blocks += [_described(entry) for entry in entries]
    blocks.append("## Settings of every run\n")
    blocks.append(_table(Run, prefix=""))
    return "\n".join(blocks)


def _described(entry: Entry) -> str:
    component = entry.component
    lines = [f"### {component.name}", "", component.summary, ""]
    if component.reference:
        lines += [f"*{component.reference}*", ""]
    if component.options.model_fields:
        lines.append(_table(component.options, f"{section(component)}."))
    if component.recommends:
        advice = ", ".join(f"`{key}={shown(v)}`" for key, v in component.recommends.items())
        lines += [f"Recommends {advice}.", ""]
    return "\n".join(lines)


def _table(model: type[BaseModel], prefix: str) -> str:
    head = ["| key | values | default | meaning |", "|---|---|---|---|"]
    rows = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in _rows(model, prefix)]
    return "\n".join([*head, *(f"| {row} |" for row in rows), ""])


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    """Key, values, default and meaning of each setting, those in sections too."""
    for name, field in model.model_fields.items():
        if inside := settings_of(field.annotation):
            yield from _rows(inside, f"{prefix}{name}.")
        elif field.description:  # a run's components have none, but tables of their own
            default = f"`{shown(field.default)}`" if field.default is not None else ""
            yield f"`{prefix}{name}`", values(field), default, field.description


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(page(), encoding="utf-8")
