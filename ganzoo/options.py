"""The options of a component, and the types of options that are paths or ranges of pixels."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

from ganzoo.user_path import user_path


def _absolute(path: Any) -> Path:
    """The absolute path. A number is accepted, too: a folder may be called 2024."""
    text = str(path)
    if not text:
        raise ValueError("the path is empty")
    return user_path(text).absolute()


LocalPath = Annotated[Path, BeforeValidator(_absolute)]
"""The type of an option that is a path: stored absolute, so a run can be resumed from anywhere."""


def parse_range(text: str) -> tuple[float, float]:
    """The two numbers of ``LOW..HIGH``; raises ValueError for any other text, or if LOW >= HIGH."""
    number = r"(-?[0-9]+(?:\.[0-9]+)?)"
    found = re.fullmatch(rf"{number}\.\.{number}", text)
    if not found or float(found[1]) >= float(found[2]):
        raise ValueError("write auto, or LOW..HIGH, such as 0..4095")
    return float(found[1]), float(found[2])


def _checked_range(text: str) -> str:
    if text != "auto":
        parse_range(text)
    return text


PixelRange = Annotated[
    str,
    AfterValidator(_checked_range),
    Field(
        description="The pixel values of black and white in images of more than 8 bits per "
        "channel, LOW..HIGH; auto finds them: for integers 0 and the largest number of the 8 to "
        "16 bits that they use, for floats the first of 0..1, -1..1 and 0..255 that "
        "contains all values."
    ),
]
"""The type of an option for the pixel values of black and white: ``LOW..HIGH``, or ``auto``.

It has a description, so that ``range: PixelRange = "auto"`` declares the option.
"""


class Options(BaseModel):
    """The base class of a component's options: a frozen pydantic model that refuses unknown keys.

    Every field needs a default and a description; numbers need bounds, as pydantic constraints. A
    field that may be ``None`` must have the default ``None``: TOML cannot write that value.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        # A name may be 2024, which the command line parses as a number.
        coerce_numbers_to_str=True,
        # Commands that only list components do not need validators.
        defer_build=True,
    )


def section_model(annotation: Any) -> type[BaseModel] | None:
    """The model of a field that is a section of settings, also of an optional one; else None."""
    if typing.get_origin(annotation) is Mapping:
        return None
    return _model(annotation, *typing.get_args(annotation))


def table_model(annotation: Any) -> type[BaseModel] | None:
    """The model of the sections in a field that is a table of sections by name; else None."""
    if typing.get_origin(annotation) is Mapping:
        return _model(*typing.get_args(annotation))
    return None


def _model(*kinds: Any) -> type[BaseModel] | None:
    """The first of these types that is a model."""
    models = (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return next(models, None)


def is_options(model: object) -> bool:
    """Whether this is a class derived from Options."""
    return isinstance(model, type) and issubclass(model, Options)


_PLAIN: Mapping[Any, tuple[type, ...]] = {
    bool: (bool,),
    int: (int,),
    float: (int, float),
    str: (str,),
}
"""The types of defaults that options of these types may have; ganzoo.testing checks the rest."""


def default_faults(name: str, option: FieldInfo) -> Iterator[str]:
    """A phrase if an option has no default, or one of a wrong type."""
    if option.is_required():
        yield f"option {name!r} needs a default"
    elif isinstance(option.annotation, type) and option.default_factory is None:
        types, default = _PLAIN.get(option.annotation, (object,)), option.default
        if not isinstance(default, types) or (
            isinstance(default, bool) and types[-1] in (int, float)
        ):
            expected = option.annotation.__name__
            yield f"option {name!r}: its default {default!r} is not of type {expected}"
