"""A file of latents: of projected images, or chosen ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from torch import Tensor

from ganzoo import tensor_file

_KIND = "ganzoo latents"


@dataclass(frozen=True)
class SavedLatents:
    """Points of a generator's ``LatentSpace``, with the conditions of their images."""

    space: str
    """The ``name`` of the space: ``"intermediate"`` or ``"latents"``."""
    points: Tensor
    """float32 (N, ...)."""
    conditions: Tensor | None = None
    """What the generator is told about each image, (N,) or (N, D); ``None`` if nothing."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Anything else by name, such as where the images came from."""

    def save(self, path: Path) -> None:
        """Write a safetensors file.

        Raises OSError if it cannot be written.
        """
        tensors = {"points": self.points.float()}
        if self.conditions is not None:
            tensors["conditions"] = self.conditions
        tensor_file.write(path, tensors, {"kind": _KIND, "space": self.space, **self.notes})

    @classmethod
    def read(cls, path: Path) -> Self:
        """The latents in a file.

        Raises RequestError if it does not exist, or is no file of latents.
        """
        tensors, notes = tensor_file.read(path, _KIND)
        del notes["kind"]
        return cls(notes.pop("space"), tensors["points"], tensors.get("conditions"), notes)
