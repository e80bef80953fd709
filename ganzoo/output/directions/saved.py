"""Directions, and a file of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from ganzoo import tensor_file
from ganzoo.errors import RequestError, did_you_mean
from ganzoo.output.latent_space import LatentSpace

_KIND = "ganzoo directions"
_LARGEST_AMOUNT = 100
"""As of ``--amount`` of ``ganzoo animate``; numbers far beyond it are not finite as float32."""


@dataclass(frozen=True)
class Direction:
    """A direction of a latent space; ``point + amount * std * vector`` is a point along it."""

    name: str
    vector: Tensor
    """float32, in the shape of one point; its length is 1 in each vector of the point that changes.
    """
    std: float
    """The standard deviation of the points of random latents along the vector."""
    explained: float
    """A fraction, from 0 to 1, whose meaning the method decides."""

    @property
    def step(self) -> Tensor:
        """What an amount of 1 adds to a point."""
        return self.std * self.vector


@dataclass(frozen=True)
class Directions(Sequence[Direction]):
    """Directions of the ``LatentSpace`` of one generator."""

    space: str
    """The ``name`` of the space: ``"intermediate"`` or ``"latents"``."""
    directions: Sequence[Direction]
    notes: Mapping[str, str] = field(default_factory=dict)
    """Anything else by name: the method, the run and its step."""

    def __len__(self) -> int:
        return len(self.directions)

    def __getitem__(self, index: Any) -> Any:
        return self.directions[index]

    def __add__(self, other: Directions) -> Directions:
        """The directions of both; the notes are those of this one, with both methods."""
        methods = ", ".join(each.notes["method"] for each in (self, other))
        notes = {**self.notes, "method": methods}
        return Directions(self.space, (*self.directions, *other.directions), notes)

    def named(self, name: str) -> Direction:
        """The direction of this name.

        Raises RequestError if there is none.
        """
        for direction in self.directions:
            if direction.name == name:
                return direction
        names = [direction.name for direction in self.directions]
        hint = did_you_mean(name, names) or f"; there are {', '.join(names)}"
        raise RequestError(f"there is no direction called {name}{hint}")

    def offset(self, amounts: Mapping[str, float]) -> Tensor:
        """What these amounts of directions, by name, add to a point.

        Raises RequestError for an unknown name.
        """
        assert amounts
        return torch.stack([a * self.named(name).step for name, a in amounts.items()]).sum(0)

    def require_fit(self, space: LatentSpace, shape: Sequence[int]) -> None:
        """Raise RequestError unless the directions belong to a space with points of this shape."""
        here, there = tuple(shape), tuple(self.directions[0].vector.shape)
        if (self.space, there) != (space.name, here):
            raise RequestError(
                f"the directions belong to another generator: they are for {self.space} of shape "
                f"{there}, this one has {space.name} of shape {here}; make new ones with "
                "`ganzoo directions`"
            )

    def save(self, path: Path) -> None:
        """Write a safetensors file.

        Raises OSError if it cannot be written.
        """
        tensors = {
            "vectors": torch.stack([each.vector.float().cpu() for each in self.directions]),
            "stds": torch.tensor([each.std for each in self.directions]),
            "explained": torch.tensor([each.explained for each in self.directions]),
        }
        names = json.dumps([each.name for each in self.directions])
        texts = {**self.notes, "kind": _KIND, "space": self.space, "names": names}
        tensor_file.write(path, tensors, texts)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The directions in a file.

        Raises RequestError if it does not exist, is damaged, or is no file of directions.
        """
        tensors, notes = tensor_file.read(path, _KIND)
        del notes["kind"]
        with tensor_file.parsing(path):
            columns = (tensors[name].tolist() for name in ("stds", "explained"))
            rows = zip(json.loads(notes.pop("names")), tensors["vectors"], *columns, strict=True)
            directions = tuple(Direction(*row) for row in rows)
            if not directions:
                raise ValueError("it has no directions")
            return cls(notes.pop("space"), directions, notes)


def parse_amounts(text: str) -> dict[str, float]:
    """The amounts in a text such as ``"hue=2,brightness=-1"``, by name.

    Raises RequestError unless each is a name, which is given once, and a number from -100 to 100.
    """
    amounts: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = part.rpartition("=")
        try:
            amount = float(value)
        except ValueError:
            amount = math.nan
        name = name.strip()
        if not (equals and name and math.isfinite(amount)):
            raise RequestError(f"{part}: write NAME=AMOUNT, such as hue=2; several with commas")
        if abs(amount) > _LARGEST_AMOUNT:
            raise RequestError(
                f"{part}: write at most {_LARGEST_AMOUNT} standard deviations to each side"
            )
        if name in amounts:
            raise RequestError(f"{part}: there is an amount of {name} already: remove one")
        amounts[name] = amount
    return amounts
