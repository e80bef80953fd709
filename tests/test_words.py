"""Names, help texts and messages use the words of the table in docs/design.md."""

from __future__ import annotations

import ast
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from pydantic import BaseModel
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import ganzoo
from ganzoo.cli import app
from ganzoo.cli.commands import COMMANDS
from ganzoo.observers.observer import Observer
from ganzoo.options import section_model
from ganzoo.plugin_commands import command_of
from ganzoo.registry import KINDS, Registry
from ganzoo.run import Run

ROOT = Path(__file__).parents[1]
CODE = [file for folder in ("ganzoo", "plugins") for file in sorted((ROOT / folder).rglob("*.py"))]
PLACE = tuple[str, str]
"""A name or a place in the code, and its text."""


def banned_words() -> list[str]:
    """The words in the last column of the table."""
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    table = text.split("## Words\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")]
    words = [word.strip(" `") for row in rows[1:] for word in row[2].split(",")]
    return [word.replace("_", " ") for word in words if word]


BANNED = re.compile(rf"(?<![a-z])(?:{'|'.join(banned_words())})(?:s|ed|ing)?(?![a-z])")


def banned_in(places: Iterable[PLACE]) -> set[PLACE]:
    """Each place whose name or text contains a banned word, and the word."""
    return {
        (name, found[0])
        for name, text in places
        for part in (re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name), text)
        if (found := BANNED.search(part.lower().replace("_", " ")))
    }


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[PLACE]:
    """The key and the description of every setting and section."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}", field.description or ""
        if inside := section_model(field.annotation):
            yield from settings(inside, f"{prefix}{name}.")


def commands(command: Any, path: str) -> Iterator[PLACE]:
    """Every command and every flag, with its help text."""
    yield path, command.help or ""
    for parameter in command.params:
        names = " ".join([*parameter.opts, *parameter.secondary_opts])
        yield f"{path} {names}", getattr(parameter, "help", None) or ""
    for name, inside in getattr(command, "commands", {}).items():
        yield from commands(inside, f"{path} {name}")


def components() -> Iterator[PLACE]:
    """Every bundled component with its summary, and every option with its description."""
    for entry in Registry.discover().entries():
        component = entry.component
        if entry.plugin.distribution != "ganzoo-toolkit":
            continue
        yield f"{component.kind} {entry.qualified_name}", component.summary
        yield from settings(component.options, f"{component.name}.")


def names() -> Iterator[PLACE]:
    """Every public name, hook, method of an observer, and module."""
    for name in [*ganzoo.__all__, *KINDS, *KINDS.values()]:
        yield name, ""
    for name in vars(Observer):
        if not name.startswith("_"):
            yield f"Observer.{name}", ""
    for file in CODE:
        yield file.relative_to(ROOT).with_suffix("").as_posix(), ""


def messages() -> Iterator[PLACE]:
    """Every text of several words in the code, parts of f-strings included; no docstrings."""
    for file in CODE:
        nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant) and id(node) not in docstrings:
                text = node.value
                if isinstance(text, str) and " " in text:
                    yield f"line {node.lineno} of {file.name}", text


def all_commands() -> Iterator[PLACE]:
    """Every command of the core and of the bundled plugins."""
    yield from commands(typer.main.get_command(app), "ganzoo")
    for each in COMMANDS:
        yield from commands(command_of(each), f"ganzoo {each.name}")
    for entry in Registry.discover().entries("command"):
        spec: Any = entry.component
        if entry.plugin.distribution == "ganzoo-toolkit":
            yield from commands(command_of(spec), f"ganzoo {spec.name}")


PLACES: dict[str, Callable[[], Iterable[PLACE]]] = {
    "settings": lambda: settings(Run),
    "commands": all_commands,
    "components": components,
    "names": names,
    "messages": messages,
}


def test_the_table_has_banned_words() -> None:
    assert len(banned_words()) > 20
    assert BANNED.search("the averaged generator's picture")
    assert banned_in([("train.critic_steps", ""), ("ImageSheets", ""), ("x", "a game")]) == {
        ("train.critic_steps", "critic steps"),
        ("ImageSheets", "sheets"),
        ("x", "game"),
    }


@pytest.mark.parametrize("what", PLACES)
def test_no_banned_word_is_used(what: str) -> None:
    assert not banned_in(PLACES[what]())


def keys(value: Any, prefix: str) -> Iterator[PLACE]:
    """Every key of nested mappings and lists that is a text."""
    for key, inside in value.items() if isinstance(value, dict) else ():
        yield f"{prefix}: {key}", ""
        yield from keys(inside, f"{prefix}: {key}")
    for inside in value if isinstance(value, list) else ():
        yield from keys(inside, prefix)


def names_in(folder: Path) -> Iterator[PLACE]:
    """Every file of a run folder, and every key and tag in these files."""
    for file in folder.rglob("*"):
        yield file.relative_to(folder).as_posix(), ""
        if file.suffix == ".jsonl":
            for line in file.read_text("utf-8").splitlines():
                yield from keys(json.loads(line), file.name)
        if file.suffix == ".json":
            yield from keys(json.loads(file.read_text("utf-8")), file.name)
        if file.suffix == ".pt":
            yield from keys(torch.load(file, weights_only=True), file.name)
    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    tags = EventAccumulator(str(folder)).Reload().Tags()
    for kind in ("scalars", "images", "tensors"):
        for tag in tags[kind]:
            yield f"TensorBoard: {tag}", ""


@pytest.mark.parametrize("architecture", ["dcgan", "growing-mlp"])
def test_a_run_folder_has_no_banned_word(
    architecture: str, tiny: Callable[..., dict[str, Any]]
) -> None:
    every = {f"{part}.every": 2 for part in ("log", "sample", "checkpoint", "evaluate")}
    few = {"evaluate.samples": 8, "evaluate.real": 8, "extractor": "random"}
    request = tiny(architecture=architecture, settings={**every, **few})
    ganzoo.train(**request)
    found = set(names_in(request["run_dir"]))
    shown = "\n".join(name for name, _ in found)
    for name in (
        "run.toml",
        "metrics.jsonl: images_seen",
        "TensorBoard: ",
        "pt: state: networks.generator",
    ):
        assert name in shown
    assert not banned_in(found)
