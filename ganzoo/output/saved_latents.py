"""A file of latents: of projected images, or chosen ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from torch import Tensor

from ganzoo import tensor_file
from ganzoo.contracts import Condition
from ganzoo.errors import RequestError
from ganzoo.output.latent_space import LatentSpace
from ganzoo.output.trained_generator import TrainedGenerator

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
        tensor_file.write(path, tensors, {**self.notes, "kind": _KIND, "space": self.space})

    @classmethod
    def read(cls, path: Path) -> Self:
        """The latents in a file.

        Raises RequestError if it does not exist, is damaged, or is no file of latents.
        """
        tensors, notes = tensor_file.read(path, _KIND)
        del notes["kind"]
        with tensor_file.parsing(path):
            saved = cls(notes.pop("space"), tensors["points"], tensors.get("conditions"), notes)
            if saved.points.ndim < 2 or not len(saved.points) or not saved.points.isfinite().all():
                raise ValueError("it has no latents of finite numbers")
            if saved.conditions is not None and len(saved.conditions) != len(saved.points):
                raise ValueError("it has not one condition for each latent")
        return saved

    @classmethod
    def read_for(cls, trained: TrainedGenerator, path: Path) -> Self:
        """The latents in a file, which fit a generator.

        Raises RequestError as ``read``, and if they are those of another kind of generator.
        """
        saved, space = cls.read(path), LatentSpace(trained.generator)
        conditions = trained.conditions(1, 0)
        fits = cls(space.name, space.points(trained.latents(), conditions), conditions)
        if saved._kind(space) != fits._kind(space):
            raise RequestError(
                f"{path} has {saved._kind(space)}, but {trained.source} generates images from "
                f"{fits._kind(space)}: use latents of the same generator"
            )
        if trained.condition and fits.conditions is not None and not space.is_intermediate:
            saved._check_conditions(trained.condition, path)
        return saved

    def _check_conditions(self, condition: Condition, path: Path) -> None:
        assert self.conditions is not None
        try:
            for each in self.conditions.tolist():
                condition.check(each)
        except RequestError as error:
            raise RequestError(
                f"{path}: an image {error}; use latents of the same generator"
            ) from error

    def shared_conditions(self, other: Self, names: str) -> Tensor | None:
        """The conditions of these latents and of others, for a walk between them.

        Raises RequestError if these are not as many, or have other conditions.
        """
        counts = len(self.points), len(other.points)
        if counts[0] != counts[1]:
            raise RequestError(
                f"{names} have {counts[0]} and {counts[1]} latents: each walk needs one of each"
            )
        if self.space == "intermediate" or self.conditions is None:
            return None
        if other.conditions is None or not self.conditions.equal(other.conditions):
            raise RequestError(
                f"{names} have other classes or values: project the images with one of them"
            )
        return self.conditions

    def _kind(self, space: LatentSpace) -> str:
        """What must be the same for a generator with this space, as a text."""
        kind = "intermediate latents" if self.space == "intermediate" else "latents"
        text = f"{kind} of {' x '.join(map(str, self.points.shape[1:]))} numbers"
        if space.is_intermediate:  # the conditions are a part of the points
            return text
        if self.conditions is None:
            return f"{text} without conditions"
        return f"{text} with conditions of {self.conditions[0].numel()} numbers"
