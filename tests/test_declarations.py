"""Declarations with faults are refused when a plugin is registered."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest
from pydantic import Field

import ganzoo
from ganzoo.registry import Plugin, Registry

PLUGIN = Plugin("a", "ganzoo-a", "1.0")


class Required(ganzoo.Options):
    """An option without a default."""

    x: int = Field(ge=0, description="X.")


class Mistyped(ganzoo.Options):
    """A default of another type."""

    x: int = Field("many", ge=0, description="X.")  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"options": {"x": 1}}, "its options should be a class derived from ganzoo.Options"),
        ({"options": Required}, "option 'x' needs a default"),
        ({"options": Mistyped}, "option 'x': its default 'many' is not of type int"),
        ({"factory": "no import string"}, 'its factory should be "package.module:name"'),
        ({"factory": 5}, "its factory should be a callable, not 5"),
        ({"recommends": ["x"]}, "its recommends should be a mapping"),
        ({"summary": None}, "its summary should be a text"),
    ],
)
def test_a_wrong_declaration_is_refused_with_the_components_name(
    changes: dict[str, Any], fault: str
) -> None:
    declared: dict[str, Any] = {"name": "mine", "summary": "A.", "factory": "a:b"}

    @ganzoo.hookimpl
    def ganzoo_losses() -> list[ganzoo.LossSpec]:
        return [
            ganzoo.LossSpec(**{**declared, **changes}),
            ganzoo.LossSpec(**{**declared, "name": "other", "reference": None}),
        ]

    module = ModuleType("declared")
    module.__dict__["ganzoo_losses"] = ganzoo_losses
    registry = Registry()
    with pytest.raises(ValueError, match="loss other: its reference should be a text"):
        registry.register(module, PLUGIN)
    with pytest.raises(ValueError, match=re.escape(f"loss mine: {fault}")):
        registry.register(module, PLUGIN)
    assert registry.entries() == []


@pytest.mark.parametrize(
    ("component", "changes", "fault"),
    [
        (ganzoo.MetricSpec, {"goal": "lowest"}, "its goal should be low, high or real"),
        (ganzoo.AugmentationSpec, {"suggested_below": -1}, "its suggested_below should be"),
        (ganzoo.AugmentationSpec, {"preference": "high"}, "its preference should be a whole"),
        (ganzoo.ExtractorSpec, {"packages": "torch"}, "its packages should be a tuple of names"),
        (
            ganzoo.ExtractorSpec,
            {"preference": "x"},
            "its preference should be a whole number or None",
        ),
    ],
)
def test_fields_of_single_kinds_are_checked(
    component: Any, changes: dict[str, Any], fault: str
) -> None:
    made = component(name="mine", summary="A.", factory="a:b", **changes)
    assert any(fault in found for found in made.faults())
