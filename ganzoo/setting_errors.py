"""Errors about settings: the key, the fault, where the value was set, and which key was meant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from ganzoo.errors import RequestError, did_you_mean
from ganzoo.schedule import Schedule


def setting_error(
    error: ValidationError,
    section: str,
    known: Iterable[str],
    origins: Mapping[str, str],
    elsewhere: Iterable[str] = (),
    schedules: Mapping[str, Schedule] = MappingProxyType({}),
) -> RequestError:
    """The first error of a ValidationError in one line: key, fault, origin, suggestion.

    ``known`` are the valid keys of the section, ``elsewhere`` those of other sections;
    ``schedules`` are the schedules that the invalid value may be one of.
    """
    first, messages = _first_fault(error)
    place = [part for part in (section, *first["loc"]) if part not in ("", "[key]")]
    key = ".".join(str(part) for part in place)
    where = where_set(key, origins)
    if first["type"] == "extra_forbidden":
        return RequestError(
            f"there is no setting {key}{where}{suggest_keys(key, known, elsewhere)}"
        )
    value, message = _shown(first["input"]), ", or ".join(messages)
    if key in schedules:
        value, message = str(schedules[key]), f"with the value {value}, {message}"
    elif first["type"] in ("model_type", "dict_type"):
        message = f"it has settings of its own: write {key}.NAME=VALUE"
    elif first["type"] in ("list_type", "tuple_type"):
        message = """write a list, such as '["a", "b"]'"""
    elif Schedule.is_meant_by(first["input"]):
        message = (
            "it cannot be a schedule: only numbers of train, a loss, a regularizer or an "
            "augmentation can, and not whole numbers"
        )
    return RequestError(f"{key}={value}: {message}{where}")


def _first_fault(error: ValidationError) -> tuple[Any, list[str]]:
    """The first error, and its message; those of all choices for a value such as auto or 8."""
    first, *others = error.errors()
    same, label = [first], first["loc"][-1:]
    if label and str(label[0]).startswith("literal["):  # pydantic's name of the first choice
        place = first["loc"][:-1]
        same += [each for each in others if each["loc"][:-1] == place]
        first["loc"] = place
    texts = [each["msg"].removeprefix("Value error, ") for each in same]
    return first, [text[0].lower() + text[1:] for text in texts]


def where_set(key: str, origins: Mapping[str, str]) -> str:
    """``" (set by ORIGIN)"`` for a key or an element of its list; empty for the command line."""
    origin = origins.get(key) or origins.get(key.rpartition(".")[0], "command line")
    return "" if origin == "command line" else f" (set by {origin})"


def suggest_keys(key: str, known: Iterable[str], elsewhere: Iterable[str] = ()) -> str:
    """``"; did you mean ...?"`` with keys that end like this one, else with similar ones.

    ``"lr"`` and ``"train.lr"`` give ``train.generator.lr`` and ``train.discriminator.lr``. Empty if
    there are none.
    """
    first, second = list(known), list(elsewhere)
    last = key.rpartition(".")[2]
    all_keys = dict.fromkeys([*first, *second])
    same = [k for k in all_keys if k.endswith(f".{key}")] or [
        k for k in all_keys if k.rpartition(".")[2] == last
    ]
    if same:
        return f"; did you mean {' or '.join(same)}?"
    return did_you_mean(key, first) or did_you_mean(key, second)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
