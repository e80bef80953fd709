"""Expand lists on the command line into all combinations of their values."""

from __future__ import annotations

import itertools
import re
from typing import NamedTuple

from ganzoo.cli.request import Arguments
from ganzoo.errors import RequestError


class Combination(NamedTuple):
    """The arguments of one run: one value of each list."""

    arguments: Arguments
    differs: dict[str, str]
    """The values taken from lists, by dotted key."""


class Axis(NamedTuple):
    """A setting with its values."""

    key: str
    prefix: str
    """The text before the value: ``KEY=``, or nothing for a component's name."""
    values: list[str]


def combinations(arguments: Arguments) -> list[Combination]:
    """All combinations of the values in these lists; the first list varies slowest.

    Raises RequestError if a setting with a list is given twice.
    """
    every = axes(arguments)
    names = len(arguments.components)
    found = []
    for values in itertools.product(*(axis.values for axis in every)):
        texts = tuple(axis.prefix + value for axis, value in zip(every, values, strict=True))
        differs = {a.key: v for a, v in zip(every, values, strict=True) if len(a.values) > 1}
        of_run = Arguments(arguments.files, texts[:names], texts[names:])
        found.append(Combination(of_run, differs))
    return found


def axes(arguments: Arguments) -> list[Axis]:
    """Each setting of these arguments with its values, in their order.

    Raises RequestError if a setting with a list is given twice.
    """
    names = [Axis(kind, "", split(text)) for kind, text in arguments.components.items()]
    found = names + [_axis(text) for text in arguments.assignments]
    _refuse_duplicate_lists(found)
    return found


def split(text: str) -> list[str]:
    """The values of a list: split at commas, except inside brackets and double quotes."""
    values, depth = [""], 0
    for piece in re.findall(r'"(?:\\.|[^"\\])*"|.', text, re.DOTALL):
        depth = max(0, depth + (piece in "([{") - (piece in ")]}"))
        if piece == "," and not depth:
            values.append("")
        else:
            values[-1] += piece
    return values


def _axis(assignment: str) -> Axis:
    key, _, text = assignment.partition("=")
    return Axis(key.removesuffix(".name"), f"{key}=", split(text))


def _refuse_duplicate_lists(axes: list[Axis]) -> None:

    keys = [axis.key for axis in axes]
    for axis in axes:
        if len(axis.values) > 1 and keys.count(axis.key) > 1:
            raise RequestError(f"{axis.key} is given twice, once as a list: give it once")
