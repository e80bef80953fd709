"""What a generator and a discriminator are told about an image: its class, classes or values."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from ganzoo.errors import RequestError, UnknownName, did_you_mean

ConditionKind = Literal["class", "classes", "vector"]
"""One class of each image, several classes at once, or named continuous values."""

_MOST_SHOWN = 10


@dataclass(frozen=True)
class Condition:
    """What the networks are told about each image.

    As tensors, conditions are int64 (N,) for the kind ``"class"``, float32 (N, D) of 0 and 1 for
    ``"classes"``, and float32 (N, D) within ``ranges`` for ``"vector"``; D is ``size``.

    Raises RequestError for an unknown kind, for names that are missing or not unique, and unless
    a vector, and nothing else, has one range LOW < HIGH per name.
    """

    kind: ConditionKind
    """One class of each image, several classes at once, or named values: a vector."""
    names: tuple[str, ...]
    """The names of the classes or values."""
    ranges: tuple[tuple[float, float], ...] = ()
    """Of a vector: the lowest and the highest value of each name."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(ConditionKind):
            raise RequestError(
                f"the kind of a condition is {self.kind!r}: write class, classes or vector"
            )
        if not self.names or len(set(self.names)) < len(self.names):
            raise RequestError(
                f"the names of a condition are {self.names}: give one or more names, each once"
            )
        if len(self.ranges) != (len(self.names) if self.kind == "vector" else 0):
            raise RequestError(
                f"a condition of the kind {self.kind} has {len(self.names)} names and "
                f"{len(self.ranges)} ranges: give one range per value of a vector, else none"
            )
        # Classes have no ranges.
        for name, (low, high) in zip(self.names, self.ranges, strict=False):
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise RequestError(f"the range of {name} is {low} to {high}: write LOW < HIGH")

    @property
    def size(self) -> int:
        """The number of classes or values."""
        return len(self.names)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The name of each class by its label; empty unless each image has one class."""
        return self.names if self.kind == "class" else ()

    @property
    def dtype(self) -> torch.dtype:
        """The type of conditions as tensors."""
        return torch.int64 if self.kind == "class" else torch.float32

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one image's condition: () for a class, else (size,)."""
        return () if self.kind == "class" else (self.size,)

    @property
    def limits(self) -> tuple[tuple[float, float], ...]:
        """The lowest and the highest value of each name: ``ranges``, or 0 and 1 for classes."""
        return self.ranges or ((0.0, 1.0),) * self.size

    def check(self, value: Any) -> int | tuple[float, ...]:
        """The condition of one image, as a dataset returns it: a label, or one number per name.

        Raises RequestError, which names the value and what is valid, if it is missing or wrong.
        """
        if value is None:
            missing = "label" if self.kind == "class" else "values"
            raise RequestError(f"has no {missing}, but there are {self._names_text()}")
        return self._checked_label(value) if self.kind == "class" else self._checked_values(value)

    def _checked_label(self, value: Any) -> int:
        try:
            label = operator.index(value)
        except TypeError:
            raise RequestError(
                f"has the label {value!r} of type {type(value).__name__}, not a whole number"
            ) from None
        if not 0 <= label < self.size:
            raise RequestError(
                f"has the label {label}, but there are {self._names_text()}: labels are whole "
                f"numbers from 0 to {self.size - 1}"
            )
        return label

    def _checked_values(self, value: Any) -> tuple[float, ...]:
        try:
            values = tuple(float(each) for each in value)
        except (TypeError, ValueError):
            raise RequestError(
                f"has the condition {value!r}, not one number for each of {self._names_text()}"
            ) from None
        if len(values) != self.size:
            raise RequestError(f"has {len(values)} values, but there are {self._names_text()}")
        for name, number in zip(self.names, values, strict=True):
            self._check_number(name, number, "has ")
        return values

    def _check_number(self, name: str, number: float, start: str = "") -> None:
        low, high = self.limits[self.names.index(name)]
        if self.kind == "classes" and number not in (0, 1):
            raise RequestError(f"{start}{name}={number:g}: write 1 for yes or 0 for no")
        # As they are stored: 0.7 as float32 is less than 0.7 as a Python number.
        if not np.float32(low) <= np.float32(number) <= np.float32(high):
            raise RequestError(f"{start}{name}={number:g}, which is not in {low:g} to {high:g}")

    def parse(self, text: str, drawn: Tensor | None = None) -> Tensor:
        """The condition that a text describes, (,) or (size,), or of each row of ``drawn``.

        The text is a class (``rose``), classes separated by commas (``round,red``; all others are
        0), or values by name (``hue=0.7,size=0.3``). Values that it does not name are taken from
        ``drawn``, conditions of N images.

        Raises RequestError for an unknown name, a value that is wrong or out of range, and without
        ``drawn`` for a value that is missing.
        """
        if self.kind == "class":
            label = torch.tensor(self.names.index(self._known(text)))
            return label if drawn is None else label.expand(len(drawn)).clone()
        if self.kind == "classes" and (text in self.names or "=" not in text):
            chosen = [text] if text in self.names else [each.strip() for each in text.split(",")]
            on = {self._known(name): 1.0 for name in chosen}
            return self.complete({name: on.get(name, 0.0) for name in self.names}, drawn)
        values: dict[str, float] = {}
        for part in text.split(","):
            name, _, number = (each.strip() for each in part.partition("="))
            known = self._known(name)
            values[known] = _number(known, number)
        return self.complete(values, drawn)

    def complete(self, values: Mapping[str, float], drawn: Tensor | None = None) -> Tensor:
        """The condition with these values by name, as from :meth:`parse`.

        Of the kind ``"class"``, the one name has the value 1.
        """
        for name, number in values.items():
            self._check_number(self._known(name), number)
        if self.kind == "class":
            if list(values.values()) != [1]:
                raise RequestError(f"each image has one class: write {{{self.names[0]!r}: 1}}")
            return self.parse(next(iter(values)), drawn)
        missing = [name for name in self.names if name not in values]
        if drawn is None and missing:
            raise RequestError(
                f"the condition has no value of {', '.join(missing)}: write "
                f"{self._example(missing)}"
            )
        completed = torch.zeros(self.shape) if drawn is None else drawn.clone()
        for name, number in values.items():
            completed[..., self.names.index(name)] = number
        return completed

    def text(self, value: Sequence[float] | int | Tensor) -> str:
        """One image's condition as :meth:`parse` reads it."""
        if self.kind == "class":
            return self.names[int(value)]  # type: ignore[arg-type]
        numbers = list(map(float, value))  # type: ignore[arg-type]
        if self.kind == "classes":
            return ",".join(name for name, on in zip(self.names, numbers, strict=True) if on)
        pairs = zip(self.names, numbers, strict=True)
        return ",".join(f"{name}={number:.4g}" for name, number in pairs)

    def examples(self, n: int) -> Tensor:
        """``n`` different valid conditions, as far as there are so many."""
        if self.kind == "class":
            return torch.arange(n) % self.size
        if self.kind == "classes":
            return (torch.arange(n)[:, None] >> torch.arange(self.size) & 1).float()
        low, high = torch.tensor(self.limits).unbind(1)
        return low + torch.linspace(0, 1, n)[:, None] * (high - low)

    def to_plain(self) -> dict[str, Any]:
        """The condition as JSON values, from which ``from_plain`` makes it again."""
        ranges = [list(each) for each in self.ranges]
        return {"kind": self.kind, "names": list(self.names), "ranges": ranges}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any] | None) -> Condition | None:
        """The condition of ``to_plain``; ``None`` for ``None``."""
        if plain is None:
            return None
        ranges = tuple((float(low), float(high)) for low, high in plain["ranges"])
        return cls(plain["kind"], tuple(map(str, plain["names"])), ranges)

    def __str__(self) -> str:
        return self._names_text()

    def _known(self, name: str) -> str:
        if name not in self.names:
            what = "value" if self.kind == "vector" else "class"
            known = did_you_mean(name, self.names) or f"; there are {', '.join(self.names)}"
            raise UnknownName(f"there is no {what} called {name}{known}")
        return name

    def _example(self, names: Sequence[str]) -> str:
        middles = [sum(self.limits[self.names.index(name)]) / 2 for name in names]
        if self.kind == "classes":
            middles = [1.0] * len(names)
        return ",".join(f"{name}={middle:g}" for name, middle in zip(names, middles, strict=True))

    def _names_text(self) -> str:
        """Such as ``3 classes (rose, tulip, lily)``."""
        what = "values" if self.kind == "vector" else "classes"
        what = what if self.size > 1 else {"values": "value", "classes": "class"}[what]
        more = ", ..." if self.size > _MOST_SHOWN else ""
        return f"{self.size} {what} ({', '.join(self.names[:_MOST_SHOWN])}{more})"


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RequestError(f"{name}={text}: write a number, such as {name}=0.5")
    return number
