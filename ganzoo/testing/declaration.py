"""What every component must say of itself."""

from __future__ import annotations

import pkgutil
import typing
from collections.abc import Iterator

from pydantic.fields import FieldInfo

from ganzoo.components import Architecture, Component, Recipe

ADVISED = ("checkpoint.", "data.", "log.", "sample.", "train.")
"""The sections that a component may recommend values for."""


def check_declaration(component: Component) -> None:
    """Check name, summary, options, recommendations, and that its code can be imported."""
    name = f"{component.kind} {component.name}"
    assert component.summary.endswith("."), f"{name}: the summary should be a sentence"
    for option, field in component.options.model_fields.items():
        check_option(f"{name}: option {option!r}", field)
    advises = component.kind in ("dataset", "architecture", "loss")
    assert advises or not component.recommends, f"{name}: its recommendations would not be heard"
    grows = isinstance(component, Architecture) and component.grows
    for key in component.recommends:
        its_growth = grows and key.startswith("growth.")
        assert its_growth or key.startswith(ADVISED), (
            f"{name} recommends {key}, which is not its business"
        )
    if isinstance(component.factory, str) and not isinstance(component, Recipe):
        factory = pkgutil.resolve_name(component.factory)
        assert callable(factory), f"{name}: {component.factory} is not callable"


def check_option(name: str, field: FieldInfo) -> None:
    """Check that an option has a default and a description, and a number its bounds."""
    assert field.description, f"{name} needs a description"
    assert not field.is_required(), f"{name} needs a default"
    kinds = set(_kinds(field.annotation))
    if type(None) in kinds:
        assert field.default is None, f"{name} may be None, so that should be its default"
    if kinds & {int, float}:
        assert field.metadata or _bounded_inside(field), f"{name} is a number and needs bounds"


def _kinds(annotation: object) -> Iterator[object]:
    inside = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        return
    if not inside:
        yield annotation
    for one in inside:
        yield from _kinds(one)


def _bounded_inside(field: FieldInfo) -> bool:
    return "Annotated" in repr(field.annotation) or "Field" in repr(field.annotation)
