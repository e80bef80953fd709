"""The space in which the latents of a generator are edited: directions, projections, walks."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ganzoo import imaging
from ganzoo.contracts import Generator, MappingGenerator

_BATCH_SIZE = 64


class LatentSpace:
    """The intermediate latents of a generator (``MappingGenerator``), or its latents.

    A point is a row of a tensor (N, ...), on the device of the generator. The condition of an image
    is a part of its intermediate latents; other points need it beside them.
    """

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self.is_intermediate = isinstance(generator, MappingGenerator)

    @property
    def name(self) -> str:
        """``"intermediate"`` or ``"latents"``."""
        return "intermediate" if self.is_intermediate else "latents"

    @property
    def device(self) -> torch.device:
        """Where the generator computes."""
        return next(self.generator.parameters()).device

    def points(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """The points of latents (N, ...); differentiable."""
        latents = latents.to(self.device)
        if not isinstance(self.generator, MappingGenerator):
            return latents
        return self.generator.map(latents, self._moved(condition))

    def images(self, points: Tensor, condition: Tensor | None = None) -> Tensor:
        """The images of points, float (N, C, H, W); differentiable."""
        points = points.to(self.device)
        if not isinstance(self.generator, MappingGenerator):
            return self.generator(points, self._moved(condition))
        return self.generator.synthesize(points)

    @torch.no_grad()
    def pixels(self, points: Tensor, condition: Tensor | None = None) -> Tensor:
        """The images of any number of points, uint8 (N, C, H, W) on the CPU."""
        batches = []
        for start in range(0, len(points), _BATCH_SIZE):
            batch = slice(start, start + _BATCH_SIZE)
            rows = None if condition is None else condition[batch]
            batches.append(imaging.to_uint8(self.images(points[batch], rows)).cpu())
        return torch.cat(batches)

    def interpolate(self, a: Tensor, b: Tensor, t: float) -> Tensor:
        """Points from ``a`` at t = 0 to ``b`` at t = 1.

        Latents are interpolated spherically, intermediate latents linearly (Karras et al. 2019,
        arXiv 1812.04948, section 4.1).
        """
        return torch.lerp(a, b, t) if self.is_intermediate else slerp(a, b, t)

    def _moved(self, condition: Tensor | None) -> Tensor | None:
        return None if condition is None else condition.to(self.device)


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Spherical interpolation of latents (N, ...), from ``a`` at t = 0 to ``b`` at t = 1.

    sin((1 - t) θ) / sin θ a + sin(t θ) / sin θ b, where θ is the angle between the two, each as
    one flat vector (Shoemake 1985; White 2016, arXiv 1609.04468). For parallel vectors, the result
    is the limit (1 - t) a + t b.
    """
    p, q = a.flatten(1).double(), b.flatten(1).double()
    theta = cosine_similarity(p, q).clamp(-1, 1).arccos()[:, None]
    sine = theta.sin()
    weight_p, weight_q = (
        torch.where(sine > 1e-6, (part * theta).sin() / sine, part) for part in (1 - t, t)
    )
    return (weight_p * p + weight_q * q).to(a.dtype).view_as(a)
