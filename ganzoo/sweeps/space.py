"""The space of a search: a range or a list of values for each setting that differs."""

from __future__ import annotations

import math
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from types import NoneType
from typing import Any, Self

from ganzoo.errors import RequestError
from ganzoo.journal import is_number

if typing.TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from pydantic.fields import FieldInfo

    from ganzoo.run import Run

_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})?\.\.({_NUMBER})?(?::(log|linear|{_NUMBER}))?")
_LOGARITHMIC = 50
"""A range whose upper bound is at least so many times its lower one is logarithmic."""


@dataclass(frozen=True)
class Range:
    """All numbers between two bounds, which belong to it."""

    low: float
    high: float
    whole: bool
    """Whether only whole numbers are meant."""
    log: bool
    """Whether values are drawn evenly on a logarithmic scale."""
    step: float | None
    """The difference between neighboring values; ``None`` for all numbers."""

    @classmethod
    def of(cls, key: str, text: str, field: FieldInfo) -> Self:
        """The range in a text such as ``1e-5..1e-2``, ``16..64:16`` or ``..0.5:linear``.

        A bound that is left out is that of the option. Raises RequestError if it has none, and for
        a range without values.
        """
        parts = _RANGE.fullmatch(text)
        assert parts, "looks_like_range"
        own_low, own_high = _bounds(field)
        low = own_low if parts[1] is None else float(parts[1])
        high = own_high if parts[2] is None else float(parts[2])
        for bound, name in ((low, "lower"), (high, "upper")):
            if bound is None:
                raise RequestError(f"{key}={text}: the option has no {name} bound: write both")
        assert low is not None
        assert high is not None
        whole, scale = _is_whole(field), parts[3] or ""
        step = float(scale) if scale not in ("", "log", "linear") else None
        if whole and any(number % 1 for number in (low, high, step or 0)):
            raise RequestError(f"{key}={text}: the option is a whole number, so write whole bounds")
        if not low < high or (step is not None and not 0 < step <= high - low):
            raise RequestError(f"{key}={text}: the range has no values: write LOW..HIGH")
        if scale == "log" and low <= 0:
            raise RequestError(f"{key}={text}: a logarithmic range begins above 0")
        wide = low > 0 and high / low >= _LOGARITHMIC
        if step is not None:
            high = low + math.floor((high - low) / step + 1e-9) * step
        return cls(low, high, whole, scale == "log" or (not scale and wide), step)

    @property
    def ends(self) -> tuple[str, str]:
        """The first and the last value as text."""
        return self.text(self.low), self.text(self.high)

    def text(self, value: Any) -> str:
        """A value as it is written in settings."""
        return str(round(value)) if self.whole else repr(float(value))

    def label(self, value: Any) -> str:
        """A value with four digits, for names and tables."""
        return self.text(value) if self.whole else f"{value:.4g}"

    def distribution(self) -> BaseDistribution:
        """The range in Optuna's terms."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.whole:
            low, high, step = round(self.low), round(self.high), round(self.step or 1)
            return IntDistribution(low, high, log=self.log, step=step)
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)

    def __str__(self) -> str:
        """The range as words: ``1e-05 to 0.01, logarithmic``."""
        kind = ", logarithmic" if self.log else ""
        kind += f", in steps of {self.step:g}" if self.step is not None else ""
        ends = f"{self.label(self.low)} to {self.label(self.high)}"
        return f"{'whole numbers, ' * self.whole}{ends}{kind}"


@dataclass(frozen=True)
class Choice:
    """A list of values without an order."""

    values: tuple[str, ...]

    @property
    def ends(self) -> tuple[str, ...]:
        """All values as text."""
        return self.values

    def text(self, value: Any) -> str:
        """A value as it is written in settings."""
        return str(value)

    label = text

    def distribution(self) -> BaseDistribution:
        """The list in Optuna's terms."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.values)

    def __str__(self) -> str:
        """The values as words: ``hinge or wgan-gp``."""
        return " or ".join(self.values)


Dimension = Range | Choice
Space = Mapping[str, Dimension]


def looks_like_range(text: str) -> bool:
    """Whether a text is written like a range, with at least one bound."""
    parts = _RANGE.fullmatch(text)
    return bool(parts and (parts[1] or parts[2]))


def names_range(text: str) -> bool:
    """Whether a text has two numbers with dots between them, so that nothing else can be meant."""
    parts = _RANGE.fullmatch(text)
    return bool(parts and parts[1] and parts[2])


def number_field(run: Run, key: str) -> FieldInfo | None:
    """The field of a setting that is one number; ``None`` for other settings and unknown keys."""
    field = _field(run, key)
    return field if field and _kinds(field) in ({int}, {float}) else None


def to_json(space: Space) -> dict[str, Any]:
    """The space as plain values."""
    return {
        key: asdict(each) if isinstance(each, Range) else list(each.values)
        for key, each in space.items()
    }


def of_json(found: Mapping[str, Any]) -> dict[str, Dimension]:
    """The space from plain values; raises TypeError or ValueError if they are not valid."""
    return {
        key: Choice(tuple(map(str, each))) if isinstance(each, list) else _range(**each)
        for key, each in found.items()
    }


def _range(low: float, high: float, whole: bool, log: bool, step: float | None) -> Range:
    if not (is_number(low) and is_number(high) and (step is None or is_number(step))):
        raise TypeError("the ends and the step of a range must be numbers")
    if not low < high:
        raise ValueError(f"the range from {low} to {high} has no values")
    return Range(low, high, bool(whole), bool(log), step)


def _field(run: Run, key: str) -> FieldInfo | None:
    parent, _, name = key.rpartition(".")
    if component := run.components.get(parent):
        return component.entry.component.options.model_fields.get(name)
    from ganzoo.sections import field_of

    return field_of(type(run), key)


def _kinds(field: FieldInfo) -> set[Any]:
    return {*(typing.get_args(field.annotation) or [field.annotation])} - {NoneType}


def _is_whole(field: FieldInfo) -> bool:
    return _kinds(field) == {int}


def _bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    """The smallest and the largest value that an option accepts; ``None`` without a bound.

    An open bound of a number that is not whole counts as none.
    """
    found = dict(_limits(field))
    unit = 1 if _is_whole(field) else None
    low, high = found.get("ge"), found.get("le")
    if low is None and unit and "gt" in found:
        low = found["gt"] + unit
    if high is None and unit and "lt" in found:
        high = found["lt"] - unit
    return low, high


def _limits(field: FieldInfo) -> Iterator[tuple[str, float]]:
    for limit in field.metadata:
        for name in ("ge", "gt", "le", "lt"):
            if (value := getattr(limit, name, None)) is not None:
                yield name, float(value)
