"""Lists on a command line, and every combination of their values."""

from __future__ import annotations

import itertools
import re
from typing import NamedTuple

from ganzoo.cli.request import Words


class Combination(NamedTuple):
    """One value of every list: the words of one run."""

    words: Words
    differs: dict[str, str]
    """The values that were chosen from lists, by dotted key."""


class _Axis(NamedTuple):
    key: str
    before: str
    """What stands before the value: nothing before a name."""
    values: list[str]


def combinations(words: Words) -> list[Combination]:
    """Every combination of the values of the lists in these words, the first list slowest.

    Raises RequestError if a setting that has a list is given twice.
    """
    names = [_Axis(kind, "", split(text)) for kind, text in words.components.items()]
    axes = names + [_axis(text) for text in words.assignments]
    _require_single(axes)
    found = []
    for values in itertools.product(*(axis.values for axis in axes)):
        chosen = tuple(axis.before + value for axis, value in zip(axes, values, strict=True))
        differs = {a.key: v for a, v in zip(axes, values, strict=True) if len(a.values) > 1}
        of_run = Words(words.files, chosen[: len(names)], chosen[len(names) :])
        found.append(Combination(of_run, differs))
    return found


def split(text: str) -> list[str]:
    """The values of a list: what stands between commas outside of brackets and double quotes."""
    values, depth = [""], 0
    for piece in re.findall(r'"(?:\\.|[^"\\])*"|.', text, re.DOTALL):
        depth = max(0, depth + (piece in "([{") - (piece in ")]}"))
        if piece == "," and not depth:
            values.append("")
        else:
            values[-1] += piece
    return values


def _axis(assignment: str) -> _Axis:
    key, _, text = assignment.partition("=")
    return _Axis(key.removesuffix(".name"), f"{key}=", split(text))


def _require_single(axes: list[_Axis]) -> None:
    from ganzoo.errors import RequestError

    keys = [axis.key for axis in axes]
    for axis in axes:
        if len(axis.values) > 1 and keys.count(axis.key) > 1:
            raise RequestError(f"{axis.key} is given twice, once as a list: give it once")
