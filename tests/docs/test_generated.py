"""Pages that scripts write are up to date, and name each setting and command."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import typer.main

from ganzoo.cli import app
from ganzoo.cli.keys import all_keys
from ganzoo.components import plural
from ganzoo.registry import Registry

DOCS = Path(__file__).parents[2] / "docs"


def script(name: str) -> dict[str, Any]:
    return runpy.run_path(str(DOCS / f"{name}.py"))


def text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def test_the_pages_of_the_zoo_are_up_to_date() -> None:
    pages = script("zoo")["pages"]()
    there = {"zoo.md", "settings.md", *(f"zoo/{path.name}" for path in DOCS.glob("zoo/*.md"))}
    assert set(pages) == there
    for page, expected in pages.items():
        assert text(page) == expected, "run `python docs/zoo.py`"


def test_the_page_of_commands_is_up_to_date() -> None:
    assert text("commands.md") == script("commands")["page"](), "run `python docs/commands.py`"


def test_each_bundled_component_has_a_heading() -> None:
    for entry in Registry.discover().entries():
        if entry.plugin.distribution != "ganzoo-toolkit":
            continue
        page = text(f"zoo/{plural(entry.component.kind)}.md")
        assert f"\n## {entry.component.name}\n" in page
        assert all(f"{name}` |" in page for name in entry.component.options.model_fields)


def test_each_setting_has_a_row() -> None:
    page = text("settings.md")
    assert all(f"| `{key.name}` |" in page for key in all_keys(()))


def test_each_command_has_a_heading() -> None:
    page = text("commands.md")
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        names = [f"{name} {inside}" for inside in getattr(command, "commands", ())] or [name]
        for each in names:
            assert f"\n## `ganzoo {each}" in page
