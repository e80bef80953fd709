"""Errors of a plugin's code become a PluginError with the place; other errors pass unchanged."""

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
    """``file:line`` of the first line of this file that ends with this text."""
    lines = HERE.read_text("utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.endswith(text))
    return f"{HERE.name}:{number}"


def message_of(code: PluginCode, call: Callable[[], Any]) -> str:
    """The message of the PluginError that this call raises."""
    with pytest.raises(PluginError) as raised, code:
        call()
    return str(raised.value)


@pytest.mark.parametrize(
    "factory", [divide, functools.partial(divide, 1), f"{__name__}:divide"], ids=type
)
def test_the_message_names_component_place_class_and_reason(factory: Any) -> None:
    message = message_of(PluginCode("loss mine/division", factory), lambda: divide(0))
    assert message.startswith("loss mine/division (")
    assert f"{line_of('# the line of the error')}): ZeroDivisionError: division by zero" in message


def test_the_factory_is_named_if_the_traceback_has_no_line_of_the_plugin() -> None:
    message = message_of(PluginCode("loss mine/text", textwrap.dedent), functools.partial(int, "x"))
    assert re.match(r"loss mine/text \(\S+textwrap\.py:\d+\): ValueError: invalid literal", message)


def test_an_import_string_that_does_not_resolve_is_shown_as_written() -> None:
    message = message_of(
        PluginCode("loss mine/gone", "mine.losses:Gone"), functools.partial(int, "x")
    )
    assert message.startswith("loss mine/gone (mine.losses:Gone): ValueError")


def test_a_long_error_is_one_line_and_keeps_its_cause() -> None:
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
def test_errors_that_are_not_the_plugins_fault_pass_unchanged(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised, PluginCode("loss mine/division", divide):
        raise error
    assert raised.value is error


def test_only_own_frames_passes_errors_of_other_code() -> None:
    around = PluginCode("loss mine/division", divide).only_own_frames()
    assert "ZeroDivisionError" in message_of(around, lambda: divide(0))
    other = PluginCode("loss mine/other", "elsewhere:Loss").only_own_frames()
    with pytest.raises(ZeroDivisionError), other:
        divide(0)


def test_a_contract_error_names_the_place_at_fault() -> None:
    def broken() -> None:
        raise ContractError("it returns a float", divide)

    message = message_of(PluginCode("loss mine/division", line_of), broken)
    assert f"{line_of('def divide(by: int) -> float:')}): ContractError: it returns a" in message


def test_a_python_object_is_named_by_the_place_of_its_class() -> None:
    from ganzoo.objects import component_of

    component = component_of("loss", LossObject())
    message = message_of(PluginCode("loss mine/given", component.factory), LossObject().generator)
    assert f"{line_of('# in the object')}): ZeroDivisionError" in message


class LossObject:
    independent_scores = False

    def discriminator(self) -> None: ...

    def generator(self) -> float:
        return 1 / 0  # in the object
