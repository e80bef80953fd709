"""What the checks have found: every broken promise of a component, rather than the first alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ganzoo.errors import place_in


class Findings:
    """The broken promises of one component, each a line that begins with the component's name."""

    def __init__(self, name: str, module: str = "", lines: list[str] | None = None) -> None:
        self.name = name
        self._module = module
        self.lines: list[str] = [] if lines is None else lines

    def of(self, part: str) -> Findings:
        """The same findings, for a part of the component such as its generator."""
        return Findings(f"{self.name}: {part}", self._module, self.lines)

    def add(self, fault: str) -> None:
        """Record a broken promise, once however often it is found."""
        line = " ".join(f"{self.name}: {fault}".split())
        if line not in self.lines:
            self.lines.append(line)

    def expect(self, kept: object, fault: str) -> bool:
        """Whether the promise is kept; if not, the fault is recorded."""
        if not kept:
            self.add(fault)
        return bool(kept)

    @contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """Record an error that is raised inside, with its place in the component's own code."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises is a finding
            place = place_in(error, self._module) if self._module else ""
            where = f" ({place})" if place else ""
            self.add(f"{what}: {type(error).__name__}: {error}{where}")


def report(lines: Iterable[str]) -> None:
    """Raise one AssertionError that lists every line; nothing if there is none."""
    lines = list(lines)
    if len(lines) == 1:
        raise AssertionError(lines[0])
    if lines:
        listed = "".join(f"\n  - {line}" for line in lines)
        raise AssertionError(f"{len(lines)} broken promises:{listed}")
