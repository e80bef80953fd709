"""Given images, as near as a generator comes to them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganzoo import imaging
from ganzoo.contracts import ImageShape
from ganzoo.data.decoding import open_image
from ganzoo.data.preparation import prepare
from ganzoo.output.trained import TrainedRun
from ganzoo.training.sampling import draw, latents_of

_CANDIDATES = 256
"""Random latents that are tried first."""
_STARTS = 4
"""How many of them, the nearest, are searched from."""
_AT_ONCE = 64
_LR = 0.2
"""Adam's learning rate at the beginning; it falls to 0 as a cosine."""
_PRIOR = 0.1
"""The weight of latents that are too long or too short, against squares of pixels in [-1, 1]."""


@dataclass(frozen=True)
class Projection:
    """The nearest image to a given one that was found."""

    image: Tensor
    """uint8 (C, H, W)."""
    latents: Tensor
    """What it is made of, without an axis for a batch, on the CPU."""
    label: int | None
    distance: float
    """Its difference to the given one: the root of the mean square, of values from 0 to 255."""
    random_distance: float
    """That of the nearest of the random images that were tried first."""
    length: float
    """The root of the latents' mean square; about 1 where they are usual."""


def prepared(run: TrainedRun, path: Path) -> Tensor:
    """An image as the networks of a run would see it, uint8 (C, H, W).

    Raises UnreadableImage, and RequestError where images have other channels than the run's.
    """
    how = run.run.data.model_copy(update={"channels": run.whole.channels})
    whole = torch.from_numpy(prepare(open_image(path), how)).permute(2, 0, 1)[None]
    return imaging.to_uint8(run.point.shrink(imaging.from_uint8(whole)))[0]


class Projector:
    """Searches for latents by gradient descent, beginning with the nearest random images.

    Minimized are mean squares of the difference between two images at several scales, each half
    of the one before, and ``0.1 (|z|^2 / D - 1)^2``: normal latents of many dimensions D are
    hardly ever shorter or longer. The 256 random images are those that ``TrainedRun.generate``
    makes with this seed; a conditional generator that is told no class tries them as often
    as they were trained.

    Raises RequestError if the generator listens to no classes or has none of that name.
    """

    def __init__(
        self, run: TrainedRun, steps: int = 300, seed: int = 0, class_name: str | None = None
    ) -> None:
        self.steps = steps
        self._generator = run.generator
        self._latents = latents_of(run.generator, range(_CANDIDATES), seed)
        self._labels = run.labels(_CANDIDATES, seed, class_name)
        self._made = draw(run.generator, self._latents, self._labels)
        self._device = next(run.generator.parameters()).device
        # Latents that are not normal are measured by their own mean and spread.
        self._mean, self._std = self._latents.mean().item(), self._latents.std().item()

    def __call__(self, image: Tensor, stepped: Callable[[], None] = lambda: None) -> Projection:
        """The projection of an image, uint8 (C, H, W); ``stepped`` is called after each step."""
        target = _scales(imaging.from_uint8(image[None].to(self._device)))
        nearest = self._nearest(target)
        latents = self._latents[nearest].to(self._device)
        labels = None if self._labels is None else self._labels[nearest].to(self._device)
        latents, best = self._descended(latents, labels, target, stepped)
        label = None if labels is None else labels[best : best + 1]
        found = latents[best : best + 1]
        made = draw(self._generator, found, label)[0]
        return Projection(
            image=made,
            latents=found[0].cpu(),
            label=None if label is None else int(label),
            distance=_distance(made, image),
            random_distance=_distance(self._made[nearest[0]], image),
            length=self._squares(found).sqrt().item(),
        )

    def _nearest(self, target: Tensor) -> Tensor:
        """The numbers of the candidates to begin with, nearest first."""
        distances = [
            _squared(imaging.from_uint8(some.to(self._device)), target)
            for some in self._made.split(_AT_ONCE)
        ]
        return torch.cat(distances).argsort(stable=True)[:_STARTS].cpu()

    @torch.enable_grad()
    def _descended(
        self, start: Tensor, labels: Tensor | None, target: Tensor, stepped: Callable[[], None]
    ) -> tuple[Tensor, int]:
        """Where the latents of all starts have come to, and which of them is the best."""
        z = start.clone().requires_grad_()
        adam = torch.optim.Adam([z], lr=_LR)
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, self.steps)
        found, least = start, torch.full((len(start),), torch.inf, device=start.device)
        for _ in range(self.steps):
            distances = _squared(self._generator(z, labels), target)
            found, least = _nearer(z.detach(), distances.detach(), found, least)
            unusual = (self._squares(z) - 1).square()
            adam.zero_grad()
            (distances + _PRIOR * unusual).sum().backward()
            adam.step()
            falling.step()
            stepped()
        with torch.no_grad():
            distances = _squared(self._generator(z, labels), target)
        found, least = _nearer(z.detach(), distances, found, least)
        return found, int(least.argmin())

    def _squares(self, latents: Tensor) -> Tensor:
        """The mean square of each one's standardized values, (N,)."""
        return ((latents.flatten(1) - self._mean) / self._std).square().mean(1)


def _nearer(
    latents: Tensor, distances: Tensor, found: Tensor, least: Tensor
) -> tuple[Tensor, Tensor]:
    """Of each start, the latents that were nearest so far, and how near."""
    better = distances < least
    aside = better.view(-1, *[1] * (latents.ndim - 1))
    return torch.where(aside, latents, found), torch.where(better, distances, least)


def _squared(made: Tensor, target: Tensor) -> Tensor:
    """Of each image (N, C, H, W), the sum of its mean squared differences at all scales."""
    return (_scales(made) - target).square().sum(1)


def _scales(images: Tensor) -> Tensor:
    """Images at all scales side by side, (N, D), weighted so that squares add up to means."""
    found = []
    for shape in ImageShape(*images.shape[1:]).halved_shapes():
        pixels = avg_pool2d(images, images.shape[3] // shape.width).flatten(1)
        found.append(pixels / math.sqrt(pixels.shape[1]))
    return torch.cat(found, dim=1)


def _distance(one: Tensor, other: Tensor) -> float:
    return (one.float() - other.float()).square().mean().sqrt().item()
