"""Options in words, for people who read a terminal or the documentation."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from ganzoo.components import ComponentSpec


def section(component: ComponentSpec) -> str:
    """Where a component's options stand in the settings: ``loss``, or ``augment.flip``."""
    match component.kind:
        case "augmentation":
            return f"augment.{component.name}"
        case "metric":
            return f"metrics.{component.name}"
        case "extractor":
            return "extractor"
        case kind:
            return kind


def values(field: FieldInfo) -> str:
    """What an option may be, in words: ``4 or 5``, ``number, >= 0``, ``text, or nothing``."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    bounds = [
        f"{sign} {getattr(bound, name)}"
        for bound in field.metadata
        for name, sign in signs.items()
        if hasattr(bound, name)
    ]
    return ", ".join([_kind(field.annotation), *bounds])


def _kind(annotation: Any) -> str:
    names = {int: "whole number", float: "number", bool: "true or false", str: "text"}
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(str(value) for value in typing.get_args(annotation))
    if typing.get_origin(annotation) is Annotated:
        return _kind(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (list, tuple):
        return "list"
    if typing.get_origin(annotation) is Mapping:
        return "table"
    inside = [_kind(one) for one in typing.get_args(annotation) if one is not type(None)]
    if type(None) in typing.get_args(annotation):
        inside.append("nothing")
    return " or ".join(inside) or names.get(annotation, annotation.__name__.lower())


def shown(value: Any) -> str:
    """A value as it is written on the command line."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str)
