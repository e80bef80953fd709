"""Settings, flags, commands, files and public names use the words in docs/design.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

import ganzoo
from ganzoo.cli import app
from ganzoo.observers.observer import Observer
from ganzoo.registry import KINDS, Registry
from ganzoo.run import Run, section

ROOT = Path(__file__).parents[1]


def banned() -> list[str]:
    """The last column of the table: the words that are not used."""
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    table = text.split("## Words\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")]
    words = [word.strip(" `") for row in rows[1:] for word in row[2].split(",")]
    return [word for word in words if word]


BANNED = re.compile("|".join(rf"(?:(?<![a-z]){word}(?:s|ed|ing)?(?![a-z]))" for word in banned()))


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every setting's key and description, of sections and of their settings."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}", field.description or ""
        if inside := section(field.annotation):
            yield from settings(inside, f"{prefix}{name}.")


def commands(command: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every command with its help, and every flag with its."""
    yield path, command.help or ""
    for parameter in command.params:
        names = " ".join([*parameter.opts, *parameter.secondary_opts])
        yield f"{path} {names}", getattr(parameter, "help", None) or ""
    for name, inside in getattr(command, "commands", {}).items():
        yield from commands(inside, f"{path} {name}")


def components() -> Iterator[tuple[str, str]]:
    """Every bundled component with its summary, and every option with its description."""
    for entry in Registry.discover().entries():
        component = entry.component
        if entry.plugin.distribution != "ganzoo-toolkit":
            continue
        yield f"{component.kind} {entry.qualified_name}", component.summary
        yield from settings(component.options, f"{component.name}.")


def names() -> Iterator[tuple[str, str]]:
    """Every public name, hook, method of an observer, and file of the code."""
    for name in [*ganzoo.__all__, *KINDS, *KINDS.values()]:
        yield name, ""
    for name in vars(Observer):
        if not name.startswith("_"):
            yield f"Observer.{name}", ""
    for folder in ("ganzoo", "plugins"):
        for file in (ROOT / folder).rglob("*.py"):
            yield file.relative_to(ROOT).with_suffix("").as_posix(), ""


SPOKEN = {
    "settings": settings(Run),
    "commands": commands(typer.main.get_command(app), "ganzoo"),
    "components": components(),
    "names": names(),
}


def test_the_table_has_banned_words() -> None:
    assert len(banned()) > 20
    assert BANNED.search("the averaged generator's picture")


@pytest.mark.parametrize("what", SPOKEN)
def test_no_banned_word_is_used(what: str) -> None:
    wrong = {
        (name, found[0])
        for name, text in SPOKEN[what]
        for part in (re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name), text)
        if (found := BANNED.search(part.lower().replace("_", " ")))
    }
    assert not wrong
