"""Which tensors of a trained network the layers of another network can start from.

Layers are matched by their names. Numbered layers, as those of ``nn.Sequential`` and
``nn.ModuleList``, are matched in order, so that as many values as possible are taken: layers for
another resolution may be added or missing at the start, in the middle or at the end. If several
matches take equally many, the first numbers are matched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from torch import Tensor

Fit = Callable[[str, Tensor, Tensor], Tensor | None]
"""The value that a tensor of a name starts with, from the old and the new one; None if new."""


class Taken(NamedTuple):
    """The value that a tensor of the new network starts with."""

    source: str
    """The name of the old tensor."""
    value: Tensor


class Match(NamedTuple):
    """What one part of a network takes."""

    values: int
    """The number of values that are taken."""
    taken: Mapping[str, Taken]
    """By the names in the new network."""

    def __add__(self, other: object) -> Match:
        assert isinstance(other, Match)
        return Match(self.values + other.values, {**self.taken, **other.taken})


_NOTHING = Match(0, {})


@dataclass
class _Module:
    """The tensors of a module by their full names, and the modules in it."""

    tensors: dict[str, tuple[str, Tensor]] = field(default_factory=dict)
    """By their names in the module: the full name, and the tensor."""
    modules: dict[str, _Module] = field(default_factory=dict)

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Self:
        """The modules of a state dict."""
        root = cls()
        for name, tensor in tensors.items():
            path, own = split(name)
            module: _Module = root
            for part in path.split(".") if path else ():
                module = module.modules.setdefault(part, _Module())
            module.tensors[own] = name, tensor
        return root

    @property
    def is_numbered(self) -> bool:
        return bool(self.modules) and all(map(str.isdecimal, self.modules))

    def in_order(self) -> list[_Module]:
        return [self.modules[name] for name in sorted(self.modules, key=int)]


def split(name: str) -> tuple[str, str]:
    """The path of a tensor's module, and its name in it; a parametrization is part of a module."""
    path, parametrized, rest = f".{name}".partition(".parametrizations.")
    if parametrized:
        return path[1:], f"parametrizations.{rest}"
    path, _, own = name.rpartition(".")
    return path, own


def match(old: Mapping[str, Tensor], new: Mapping[str, Tensor], fit: Fit) -> dict[str, Taken]:
    """What a network with the tensors ``new`` takes of ``old``, both by name."""
    return dict(_match(_Module.of(old), _Module.of(new), fit).taken)


def _match(old: _Module, new: _Module, fit: Fit) -> Match:
    found = _match_layer(old, new, fit)
    if old.is_numbered and new.is_numbered:
        return found + _match_numbered(old.in_order(), new.in_order(), fit)
    for name in new.modules.keys() & old.modules.keys():
        found += _match(old.modules[name], new.modules[name], fit)
    return found


def _match_layer(old: _Module, new: _Module, fit: Fit) -> Match:
    """The tensors of one layer: none, if its weights of two or more axes do not fit."""
    taken: dict[str, Taken] = {}
    for own in new.tensors.keys() & old.tensors.keys():
        name, now = new.tensors[own]
        source, before = old.tensors[own]
        value = fit(name, before, now)
        if value is not None:
            taken[name] = Taken(source, value)
        elif now.ndim > 1:
            return _NOTHING
    return Match(sum(each.value.numel() for each in taken.values()), taken)


def _match_numbered(old: list[_Module], new: list[_Module], fit: Fit) -> Match:
    """The matches, in order, that take the most values: the longest common subsequence."""
    pairs = [[_match(before, now, fit) for now in new] for before in old]
    best = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            matched = pairs[i][j].values + best[i + 1][j + 1]
            best[i][j] = max(matched, best[i + 1][j], best[i][j + 1])
    found = _NOTHING
    for i, j in _path(pairs, best):
        found += pairs[i][j]
    return found


def _path(pairs: list[list[Match]], best: list[list[int]]) -> Iterator[tuple[int, int]]:
    """The matched numbers of the best sequence, the first ones if several are equally good."""
    i = j = 0
    while best[i][j]:
        values = pairs[i][j].values
        if values and values + best[i + 1][j + 1] == best[i][j]:
            yield i, j
            i, j = i + 1, j + 1
        elif best[i + 1][j] == best[i][j]:
            i += 1
        else:
            j += 1
