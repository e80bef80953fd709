"""The problems that checks find; all of them are collected, not only the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from ganzoo.errors import PluginError, place_in


class Problems:
    """The problems of one component, one line each, which begins with the component's name."""

    def __init__(
        self,
        name: str,
        module: str = "",
        lines: list[str] | None = None,
        allowed: Sequence[str] = (),
    ) -> None:
        self.name = name
        self._module = module
        self.lines: list[str] = [] if lines is None else lines
        self.allowed = allowed
        """Parameters and modules that need no gradient: ``"generator.unused"``."""

    def of(self, part: str) -> Problems:
        """The same list of problems, for a part of the component such as its generator."""
        return Problems(f"{self.name}: {part}", self._module, self.lines, self.allowed)

    def add(self, problem: str) -> None:
        """Add a problem, unless it is in the list already."""
        line = " ".join(f"{self.name}: {problem}".split())
        if line not in self.lines:
            self.lines.append(line)

    def expect(self, condition: object, problem: str) -> bool:
        """Whether the condition is true; if not, the problem is added."""
        if not condition:
            self.add(problem)
        return bool(condition)

    @contextmanager
    def catching(self, what: str) -> Iterator[None]:
        """Add an error that is raised inside, with its place in the component's code."""
        try:
            yield
        except Exception as raised:  # noqa: BLE001 - a plugin may raise anything
            is_attributed = isinstance(raised, PluginError) and raised.__cause__
            error = raised.__cause__ if is_attributed and raised.__cause__ else raised
            place = place_in(error, self._module) if self._module else ""
            where = f" ({place})" if place else ""
            self.add(f"{what}: {type(error).__name__}: {error}{where}")


def raise_problems(lines: Iterable[str]) -> None:
    """Raise one AssertionError that lists all lines; do nothing if there are none."""
    lines = list(lines)
    if len(lines) == 1:
        raise AssertionError(lines[0])
    if lines:
        listed = "".join(f"\n  - {line}" for line in lines)
        raise AssertionError(f"{len(lines)} problems:{listed}")
