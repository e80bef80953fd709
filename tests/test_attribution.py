"""Whose code an error came out of is said in one line; what is no fault of the code passes."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ganzoo.attribution import PluginCode
from ganzoo.errors import ContractError, PluginError, RequestError, Stopped

HERE = Path(__file__)


def divide(by: int) -> float:
    return 1 / by  # the line of the error


def line_of(text: str) -> str:
    """The place of the first line that ends so."""
    lines = HERE.read_text("utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.endswith(text))
    return f"{HERE.name}:{number}"


def told(code: PluginCode, work: Callable[[], Any]) -> str:
    """The line that an error of this work becomes."""
    with pytest.raises(PluginError) as raised, code:
        work()
    return str(raised.value)


@pytest.mark.parametrize(
    "factory", [divide, functools.partial(divide, 1), f"{__name__}:divide"], ids=type
)
def test_the_line_names_component_place_class_and_reason(factory: Any) -> None:
    line = told(PluginCode("loss mine/division", factory), lambda: divide(0))
    assert line.startswith("loss mine/division (")
    assert f"{line_of('# the line of the error')}): ZeroDivisionError: division by zero" in line


def test_without_a_line_of_its_own_the_factory_is_named() -> None:
    line = told(PluginCode("loss mine/text", textwrap.dedent), functools.partial(int, "x"))
    assert re.match(r"loss mine/text \(\S+textwrap\.py:\d+\): ValueError: invalid literal", line)


def test_a_factory_that_is_nowhere_is_named_as_it_was_written() -> None:
    line = told(PluginCode("loss mine/gone", "mine.losses:Gone"), functools.partial(int, "x"))
    assert line.startswith("loss mine/gone (mine.losses:Gone): ValueError")


def test_an_error_keeps_to_one_line_and_its_cause() -> None:
    def fail() -> None:
        raise RuntimeError("first\nsecond\n" + "more " * 200)

    with pytest.raises(PluginError) as raised, PluginCode("loss mine/division", divide):
        fail()
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 600
    assert isinstance(raised.value.__cause__, RuntimeError)


@pytest.mark.parametrize(
    "error",
    [
        RequestError("no"),
        PluginError("loss other/inner (other.py:1): ValueError: no"),
        Stopped(),
        KeyboardInterrupt(),
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
    ids=repr,
)
def test_what_is_no_fault_of_the_code_passes(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised, PluginCode("loss mine/division", divide):
        raise error
    assert raised.value is error


def test_around_code_of_the_core_only_errors_of_the_plugin_are_taken() -> None:
    around = PluginCode("loss mine/division", divide).where_it_runs()
    assert "ZeroDivisionError" in told(around, lambda: divide(0))
    other = PluginCode("loss mine/other", "elsewhere:Loss").where_it_runs()
    with pytest.raises(ZeroDivisionError), other:
        divide(0)


def test_what_breaks_a_contract_points_at_the_code_that_does() -> None:
    def broken() -> None:
        raise ContractError("it returns a float", divide)

    line = told(PluginCode("loss mine/division", line_of), broken)
    assert f"{line_of('def divide(by: int) -> float:')}): ContractError: it returns a" in line


def test_an_object_given_in_python_is_named_by_its_class() -> None:
    from ganzoo.objects import component_of

    component = component_of("loss", Given())
    line = told(PluginCode("loss mine/given", component.factory), Given().generator)
    assert f"{line_of('# in the object')}): ZeroDivisionError" in line


class Given:
    independent_scores = False

    def discriminator(self) -> None: ...

    def generator(self) -> float:
        return 1 / 0  # in the object
