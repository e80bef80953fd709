"""Options of which some are given as schedules."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from ganzoo.errors import RequestError
from ganzoo.options import section_model, table_model
from ganzoo.schedule import Schedule
from ganzoo.setting_errors import setting_error, where_set

_Model = TypeVar("_Model", bound=BaseModel)

_SECTIONS = ("train", "loss", "regularize", "augment")
"""The sections with options that may be schedules."""
_FIXED = ("train.epochs",)
"""Numbers of sections with schedules that cannot be schedules."""


def may_be_schedule(key: str, field: FieldInfo) -> bool:
    """Whether the option of this dotted key may be a schedule, or have some as elements."""
    first = key.partition(".")[0]
    allowed = first in _SECTIONS and key not in _FIXED
    return allowed and _has_float(field.annotation)


def validated(
    model: type[_Model],
    values: Any,
    section: str,
    origins: Mapping[str, str],
    known: Iterable[str] = (),
    elsewhere: Iterable[str] = (),
) -> tuple[_Model, dict[str, Schedule]]:
    """The options of a section at the start of a run, and their schedules by dotted key.

    ``known`` are keys that an error may suggest, by default those of the section; ``elsewhere``
    are those of other sections.
    Raises RequestError for an option that is not valid, or not with the smallest and the largest
    value of a schedule.
    """
    known = known or [f"{section}.{name}" for name in model.model_fields]
    schedules = dict(_schedules(model, values, section, origins))
    lowest, highest = ({k: s.bounds[i] for k, s in schedules.items()} for i in (0, 1))
    start = {key: schedule.parts[0].start for key, schedule in schedules.items()}
    built: _Model
    for at in (lowest, highest, start) if schedules else ({},):
        try:
            built = model.model_validate(_with(values, at, f"{section}."))
        except ValidationError as error:
            raise setting_error(error, section, known, origins, elsewhere, schedules) from None
    return built, schedules


def example(key: str, field: FieldInfo) -> str:
    """A valid setting with a schedule for an option that may be one; empty if none was found."""
    default = field.get_default(call_default_factory=True)
    if default is None and field.examples:
        default = field.examples[0]
    is_list = isinstance(default, list | tuple)
    first, others = (default[0], default[1:]) if is_list and default else (default, ())
    start = 0.25 if first is None else first
    for end in (start / 2, 0.5, 1.0, 10.0):
        ends = ([start, *others], [end, *others]) if is_list else (start, end)
        if end != start and all(_is_valid(field, each) for each in ends):
            schedule = f"{start:g} -> {end:g} linear over 200000 images"
            return f"{key}={json.dumps([schedule, *others]) if is_list else schedule}"
    return ""


def _is_valid(field: FieldInfo, value: Any) -> bool:
    constrained: Any = Annotated[field.annotation, field]
    try:
        TypeAdapter(constrained).validate_python(value)
    except ValidationError:
        return False
    return True


def with_values(options: _Model, values: Mapping[str, float]) -> _Model:
    """The options with other values, by their dotted key inside of the options.

    ``betas.1`` is the second element of the option ``betas``. Raises ValidationError for values
    that are not valid.
    """
    return type(options).model_validate(_with(options.model_dump(), values, ""))


def _schedules(
    annotation: Any, value: Any, key: str, origins: Mapping[str, str], option: str = ""
) -> Iterator[tuple[str, Schedule]]:
    """The schedules in the values of a section, by dotted key."""
    if isinstance(value, Mapping):
        fields, is_table = _fields(annotation), typing.get_origin(annotation) is Mapping
        for name, inside in value.items():
            below = f"{key}.{name}"
            if is_table and fields:
                yield from _schedules(typing.get_args(annotation)[1], inside, below, origins)
            elif name in fields:
                if may_be_schedule(below, fields[name]) or _fields(fields[name].annotation):
                    yield from _schedules(fields[name].annotation, inside, below, origins, below)
            elif option:  # a table of numbers
                yield from _schedules(annotation, inside, below, origins, option)
    elif isinstance(value, list | tuple):
        for number, inside in enumerate(value):
            yield from _schedules(annotation, inside, f"{key}.{number}", origins, option)
    elif Schedule.is_meant_by(value):
        try:
            yield key, Schedule.parse(value)
        except ValueError as error:
            raise RequestError(f"{key}={value}: {error}{where_set(key, origins)}") from None


def _fields(annotation: Any) -> Mapping[str, FieldInfo]:
    """The fields of a model, of an optional one, or of those in a table; empty for other types."""
    model = section_model(annotation) or table_model(annotation)
    return model.model_fields if model else {}


def _has_float(annotation: Any) -> bool:
    """Whether a type is float or contains it, and accepts no text."""
    if typing.get_origin(annotation) is Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) is typing.Literal:
        return False
    inside = typing.get_args(annotation)
    return annotation is float or (str not in inside and any(map(_has_float, inside)))


def _with(node: Any, values: Mapping[str, float], prefix: str) -> Any:
    """A copy of nested values with other ones, by the dotted key after a prefix."""
    for key, value in values.items():
        node = _with_value(node, key.removeprefix(prefix).split("."), value)
    return node


def _with_value(node: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    if isinstance(node, Mapping):
        return {**node, first: _with_value(node[first], rest, value)}
    number = int(first)
    return (*node[:number], _with_value(node[number], rest, value), *node[number + 1 :])
