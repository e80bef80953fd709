"""The checks of commands."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Annotated, Any

import pytest
import typer

import ganzoo
from ganzoo.testing import check

app = typer.Typer(help="Two commands.")


@app.command("first")
def good(count: Annotated[int, typer.Option(help="How many.")] = 1) -> None:
    """Do it. Example: `ganzoo mine first --count 2`."""


@app.command("second")
def bad(count: int = 1) -> None:
    """Do it."""


def alone(count: Annotated[int, typer.Option(help="How many.")] = 1) -> None:
    """Do it.

    Examples: `ganzoo data mine`, `ganzoo data mine --count 2`.
    """


def undocumented() -> None: ...


@pytest.fixture(autouse=True)
def code(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that import strings can name."""
    module = ModuleType("command_code")
    vars(module).update({f.__name__: f for f in (good, bad, alone, undocumented)}, app=app, x=5)
    monkeypatch.setitem(sys.modules, "command_code", module)


def problems_of(name: str, factory: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        check(ganzoo.CommandSpec(name=name, summary="Mine.", factory=factory))
    return str(caught.value)


def test_a_correct_command_passes() -> None:
    check(ganzoo.CommandSpec(name="data mine", summary="Mine.", factory="command_code:alone"))


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("command_code:undocumented", "`ganzoo mine` has no help text: write a docstring"),
        ("command_code:alone", "`ganzoo mine`: its help text has no example"),
        ("command_code:x", "its factory 'command_code:x' is not callable"),
        (alone, 'its factory should be an import string "package.module:name"'),
    ],
)
def test_an_incorrect_command_is_found(factory: Any, message: str) -> None:
    assert message in problems_of("mine", factory)


def test_each_command_of_an_app_is_checked() -> None:
    found = problems_of("mine", "command_code:app")
    assert "`ganzoo mine second`: its parameter count has no help text" in found
    assert "`ganzoo mine second`: its help text has no example" in found
    assert "first" not in found


class Count(ganzoo.Options):
    """Options, which a command cannot have."""


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"options": Count}, "it has no options: the parameters of its function are its options"),
        ({"panel": 5}, "its panel should be a text, not 5"),
    ],
)
def test_wrong_fields_are_named(changes: dict[str, Any], fault: str) -> None:
    made = ganzoo.CommandSpec(name="mine", summary="Mine.", factory="a:b", **changes)
    assert list(made.faults()) == [fault]


@pytest.mark.parametrize("name", ["Data fetch", "a b c", "a  b", "a/b", ""])
def test_a_name_is_one_or_two_words(name: str) -> None:
    with pytest.raises(ValueError, match=r'must be lower-case.* two of these words: "data fetch"'):
        ganzoo.CommandSpec(name=name, summary="Mine.", factory="a:b")
