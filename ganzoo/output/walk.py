"""Latent walks: frames of images whose latents are interpolated between keyframes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ganzoo import imaging
from ganzoo.contracts import Generator, MappingGenerator
from ganzoo.output.animation import on_white
from ganzoo.training.randomness import Randomness
from ganzoo.training.sampling import images_from_latents, latents_of

MIN_SIDE = 256
"""Minimum length of a frame's shorter side, in pixels."""


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


def keyframe_latents(generator: Generator, number: int, count: int, seed: int) -> list[Tensor]:
    """The latents of ``number`` keyframes of ``count`` walks, one tensor (count, ...) per keyframe.

    Keyframe j of walk i depends on (seed, i, j) alone. The first keyframe of walk i is image i of
    ``TrainedRun.generate`` with the same seed.
    """
    # The word is part of the seed: another one would change every walk.
    seeds = [seed, *(Randomness(seed).derive_seed("station", j) for j in range(1, number))]
    return [latents_of(generator, range(count), each) for each in seeds]


def walk(
    generator: Generator, keyframes: list[Tensor], frames: int, condition: Tensor | None = None
) -> Iterator[Image.Image]:
    """Frames from keyframe to keyframe and back to the first, ``frames`` of them per keyframe.

    A frame is an RGB grid with one image of each walk. Each pixel is repeated until the frame's
    shorter side has at least 256 pixels. The walk is a loop: the first frame follows the last.

    Latents are interpolated spherically; intermediate latents, if the generator has some, linearly
    (Karras et al. 2019, arXiv 1812.04948, section 4.1).
    """
    interpolate: Callable[[Tensor, Tensor, float], Tensor] = slerp
    if isinstance(generator, MappingGenerator):
        keyframes = [_mapped(generator, latents, condition) for latents in keyframes]
        generator, condition, interpolate = Synthesis(generator), None, torch.lerp
    for start, end in itertools.pairwise([*keyframes, keyframes[0]]):
        for frame in range(frames):
            latents = interpolate(start, end, frame / frames)
            yield on_white(_grid(images_from_latents(generator, latents, condition)))


class Synthesis(Generator):
    """The part of a generator that makes images from intermediate latents."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Intermediate latents; those of a condition cannot be drawn."""
        assert isinstance(self.generator, MappingGenerator)
        return self.generator.map(self.generator.sample_latents(n, random))

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """The images of intermediate latents; the condition is a part of these."""
        assert isinstance(self.generator, MappingGenerator)
        return self.generator.synthesize(latents)


@torch.no_grad()
def _mapped(generator: Generator, latents: Tensor, condition: Tensor | None) -> Tensor:
    """The intermediate latents, on the CPU."""
    assert isinstance(generator, MappingGenerator)
    device = next(generator.parameters()).device
    rows = None if condition is None else condition.to(device)
    return generator.map(latents.to(device), rows).cpu()


def _grid(images: Tensor) -> Image.Image:
    grids = (imaging.grid(imaging.enlarged(images, factor)) for factor in itertools.count(1))
    return imaging.to_image(next(grid for grid in grids if min(grid.shape[:2]) >= MIN_SIDE))
