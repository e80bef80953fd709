"""The API reference has an entry for each public name, and each has a text."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import ganzoo
import ganzoo.testing

ROOT = Path(__file__).parents[2]
ENTRY = re.compile(r"^\.\. (?:auto\w+|py:data):: (ganzoo(?:\.testing)?\.\w+)$", re.MULTILINE)
NAMES = [
    *(f"ganzoo.{name}" for name in ganzoo.__all__),
    *(f"ganzoo.testing.{name}" for name in ganzoo.testing.__all__),
]
INTERNAL = {"kind", "model_config", "name_form", "plugin_code"}
"""Members that the reference leaves out by ``exclude-members``."""
PAGES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "api").glob("*.md")}


def value_of(name: str) -> Any:
    module = ganzoo.testing if name.startswith("ganzoo.testing.") else ganzoo
    return getattr(module, name.rpartition(".")[2])


@cache
def texts_of_values() -> dict[str, str]:
    """The text after each assignment of a module of the core, by the name that is assigned."""
    found: dict[str, str] = {}
    for path in (ROOT / "ganzoo").rglob("*.py"):
        for name, text in texts_after(ast.parse(path.read_text(encoding="utf-8")).body):
            found.setdefault(name, text)
    return found


def texts_after(body: list[ast.stmt], kind: type[ast.expr] = ast.Name) -> Iterator[tuple[str, str]]:
    """Each name, or each attribute of self, with the text after its assignment, or an empty one."""
    for statement, after in zip(body, [*body[1:], ast.Pass()], strict=True):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if isinstance(statement, ast.AnnAssign):
            target = statement.target
        if isinstance(target, kind):
            name = ast.unparse(target).removeprefix("self.")
            text = after.value if isinstance(after, ast.Expr) else None
            is_text = isinstance(text, ast.Constant) and isinstance(text.value, str)
            yield name, str(text.value) if is_text and isinstance(text, ast.Constant) else ""


def test_each_public_name_has_one_entry() -> None:
    entries = [name for page in PAGES.values() for name in ENTRY.findall(page)]
    assert sorted(entries) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_public_name_has_a_text(name: str) -> None:
    value = value_of(name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert (vars(value).get("__doc__") or value.__doc__ or "").strip()
        return
    (page,) = [page for page in PAGES.values() if f":: {name}\n" in page]
    entry = page.split(f".. py:data:: {name}\n")[1]
    text = " ".join(texts_of_values()[name.rpartition(".")[2]].split())
    assert text
    assert text in " ".join(entry.split()), "the entry differs from the text in the module"


def texts_of_members(value: type) -> dict[str, str]:
    """The text of each member that the source of a class defines, or an empty one."""
    (tree,) = ast.parse(inspect.getsource(value)).body
    assert isinstance(tree, ast.ClassDef)
    texts = dict(texts_after(tree.body))
    for member in tree.body:
        if isinstance(member, ast.FunctionDef):
            texts[member.name] = ast.get_docstring(member) or texts.get(member.name, "")
            if member.name == "__init__":
                texts |= texts_after(member.body, ast.Attribute)
    return texts


@pytest.mark.parametrize("name", [n for n in NAMES if inspect.isclass(value_of(n))])
def test_the_public_members_of_a_class_have_a_text(name: str) -> None:
    value = value_of(name)
    texts = texts_of_members(value)
    bases = [base for base in value.__mro__[1:] if f"ganzoo.{base.__name__}" in NAMES]
    inherited = {k for base in bases for k, text in texts_of_members(base).items() if text}
    missing = [member for member, text in texts.items() if not (text or member.startswith("_"))]
    assert not set(missing) - inherited - INTERNAL, "write a text below the name"
