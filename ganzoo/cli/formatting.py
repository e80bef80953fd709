"""Options as text, for the terminal and the documentation."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from ganzoo.components import ComponentSpec
    from ganzoo.evaluation.record import Score


def settings_section(component: ComponentSpec) -> str:
    """The settings section of a component's options: ``loss``, or ``augment.flip``."""
    from ganzoo.settings import NAMED_SECTIONS

    for section, kind in NAMED_SECTIONS.items():
        if kind == component.kind:
            return f"{section}.{component.name}"
    match component.kind:
        case "metric":
            return f"metrics.{component.name}"
        case "extractor":
            return "extractor"
        case kind:
            return kind


def allowed_values(field: FieldInfo) -> str:
    """The type and bounds of an option: ``4 or 5``, ``number, >= 0``, ``text or unset``."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    bounds = [
        f"{sign} {getattr(bound, name)}"
        for bound in field.metadata
        for name, sign in signs.items()
        if hasattr(bound, name)
    ]
    return ", ".join([_type_name(field.annotation), *bounds])


def _type_name(annotation: Any) -> str:
    names = {int: "whole number", float: "number", bool: "true or false", str: "text"}
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(str(value) for value in typing.get_args(annotation))
    if typing.get_origin(annotation) is Annotated:
        return _type_name(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (list, tuple):
        return "list"
    if typing.get_origin(annotation) is Mapping:
        return "table"
    alternatives = [_type_name(one) for one in typing.get_args(annotation) if one is not type(None)]
    if type(None) in typing.get_args(annotation):
        alternatives.append("unset")
    return " or ".join(alternatives) or names.get(annotation, annotation.__name__.lower())


def format_value(value: Any) -> str:
    """A value as it is written on the command line; ``None`` is empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def better(score: Score) -> str:
    """Which values of this metric are better: ``lower``, ``higher`` or ``near baseline``."""
    return {"low": "lower", "high": "higher", "real": "near baseline"}[score.goal]
