"""Walks of a generator through its latent space."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ganzoo import imaging
from ganzoo.contracts import Generator
from ganzoo.output.animation import on_white
from ganzoo.training.randomness import Randomness
from ganzoo.training.sampling import draw, latents_of

SMALLEST = 256
"""What a frame's shorter side has at least, in pixels."""


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Spherical interpolation of latents (N, ...), from ``a`` at t = 0 to ``b`` at t = 1.

    sin((1 - t) θ) / sin θ a + sin(t θ) / sin θ b, where θ is the angle between the two, each as
    one flat vector (Shoemake 1985; White 2016, arXiv 1609.04468). Where they are parallel, it is
    the limit (1 - t) a + t b.
    """
    p, q = a.flatten(1).double(), b.flatten(1).double()
    theta = cosine_similarity(p, q).clamp(-1, 1).arccos()[:, None]
    sine = theta.sin()
    of_p, of_q = (
        torch.where(sine > 1e-6, (share * theta).sin() / sine, share) for share in (1 - t, t)
    )
    return (of_p * p + of_q * q).to(a.dtype).view_as(a)


def stations(generator: Generator, number: int, count: int, seed: int) -> list[Tensor]:
    """The latents (count, ...) that ``count`` walks pass, one tensor for each of their stations.

    Station j of walk i follows from (seed, i, j) alone; the first is that of image i of
    ``TrainedRun.generate`` with the same seed.
    """
    seeds = [seed, *(Randomness(seed).number("station", j) for j in range(1, number))]
    return [latents_of(generator, range(count), of_station) for of_station in seeds]


def walk(
    generator: Generator, passing: list[Tensor], frames: int, labels: Tensor | None = None
) -> Iterator[Image.Image]:
    """Frames from station to station and back to the first, ``frames`` of them for each leg.

    A frame is a grid of one image for each walk. Each pixel is repeated until the frame's
    shorter side has at least 256. After the last frame the first would follow.
    """
    for start, end in itertools.pairwise([*passing, passing[0]]):
        for frame in range(frames):
            yield on_white(_sheet(draw(generator, slerp(start, end, frame / frames), labels)))


def _sheet(made: Tensor) -> Image.Image:
    sheets = (imaging.grid(imaging.enlarged(made, factor)) for factor in itertools.count(1))
    return imaging.to_image(next(s for s in sheets if min(s.shape[:2]) >= SMALLEST))
