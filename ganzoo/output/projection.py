"""Projection: find the point of the latent space whose image is nearest to a given image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import torch
from torch import Tensor

from ganzoo import imaging
from ganzoo.data.decoding import open_image
from ganzoo.data.preparation import prepare
from ganzoo.output.image_vectors import ImageVectors, pixel_vectors, squared_distances
from ganzoo.output.latent_space import LatentSpace
from ganzoo.output.trained_generator import TrainedGenerator
from ganzoo.output.truncation import mean_intermediate
from ganzoo.training.randomness import Randomness
from ganzoo.training.sampling import latents_of

_CANDIDATES = 256
"""Random images that are compared with the image first."""
_BATCH_SIZE = 32
_LR = 0.2
"""Adam's initial learning rate; cosine annealing reduces it to 0."""
_PRIOR_WEIGHT = 0.1
"""Weight of the penalty on the length, relative to squared pixels in [-1, 1]."""


@dataclass(frozen=True)
class Projection:
    """The generated image that was found for a given one."""

    image: Tensor
    """uint8 (C, H, W)."""
    point: Tensor
    """Its point in the generator's ``LatentSpace``, without a batch axis, on the CPU."""
    condition: Tensor | None
    """What the generator is told about it, without a batch axis; ``None`` if nothing."""
    distance: float
    """Root mean square difference to the given image, of pixels from 0 to 255."""
    random_distance: float
    """The same for the nearest random image."""
    feature_distance: float | None
    """Squared distance of the features of the two images; ``None`` without features."""
    length: float
    """Root mean square of the standardized point; about 1 for typical points."""
    way: Tensor
    """Points from the start to ``point``, (frames + 1, ...)."""


def prepare_image(trained: TrainedGenerator, path: Path) -> Tensor:
    """An image file prepared like the run's images, uint8 (C, H, W).

    Raises UnreadableImage, and RequestError where the image cannot have the run's channels.
    """
    options = trained.run.data.model_copy(update={"channels": trained.data_image_shape.channels})
    image = torch.from_numpy(prepare(open_image(path), options)).permute(2, 0, 1)[None]
    return imaging.to_uint8(trained.growth_point.shrink(imaging.from_uint8(image)))[0]


class Projector:
    """Finds points by gradient descent from the nearest random images.

    It minimizes the squared distance of the two images' ``pixel_vectors``, and with ``features``
    also that of these vectors, plus the penalty ``0.1 (|s|^2 / D - 1)^2`` of the standardized point
    s: nearly all random points of D dimensions have |s|^2 near D. Among intermediate latents it
    also starts at their mean (Karras et al. 2020, arXiv 1912.04958, appendix D). The 256 random
    images are those of ``TrainedGenerator.generate`` with this seed, class and condition; what is
    not given is tried as often as it was trained.

    A projection has ``frames`` points of its way. Raises RequestError as
    ``TrainedGenerator.generate``.
    """

    def __init__(
        self,
        trained: TrainedGenerator,
        steps: int = 300,
        seed: int = 0,
        class_name: str | None = None,
        condition: str | None = None,
        *,
        starts: int = 4,
        frames: int = 0,
        features: ImageVectors | None = None,
    ) -> None:
        self.steps, self.starts, self.frames, self.features = steps, starts, frames, features
        self.space = LatentSpace(trained.generator)
        self._condition = trained.condition
        # One image more than the candidates, as a reference.
        latents = latents_of(trained.generator, range(_CANDIDATES + 1), seed)
        conditions = trained.conditions(_CANDIDATES + 1, seed, class_name, condition)
        self._points = self.space.points(latents, conditions).detach()
        self._conditions = None if conditions is None else conditions.to(self.space.device)
        self._images = self.space.pixels(self._points, conditions)
        self._scale = _Scale.of(self._points, self.space)
        random = Randomness(seed).generator("noise image")
        noise = torch.randint(256, self._images.shape[1:], generator=random)
        self.references = {"generated": self._images[-1], "noise": noise.to(torch.uint8)}
        """A generated image, which can be found again, and one of noise, uint8 (C, H, W)."""

    def __call__(self, image: Tensor, on_step: Callable[[], None] = lambda: None) -> Projection:
        """The projection of an image, uint8 (C, H, W); ``on_step`` is called after each step."""
        target = self._vectors_of(image[None])
        nearest = self._nearest(target)
        points, conditions = self._starts(nearest)
        points, losses, way = self._optimize(points, conditions, target, on_step)
        best = int(losses.argmin())
        row = None if conditions is None else conditions[best : best + 1]
        found = points[best : best + 1]
        generated = self.space.pixels(found, row)[0]
        return Projection(
            image=generated,
            point=found[0].cpu(),
            condition=None if row is None else row[0].cpu(),
            distance=_rms(generated, image),
            random_distance=_rms(self._images[nearest[0]], image),
            feature_distance=self._feature_distance(generated, image),
            length=self._scale.squared_length(found).sqrt().item(),
            way=torch.stack([step[best].cpu() for step in way] + [found[0].cpu()]),
        )

    def text(self, projection: Projection) -> str | None:
        """The class or the values of a projection, as ``TrainedGenerator.generate`` reads them."""
        if projection.condition is None:
            return None
        assert self._condition
        return self._condition.text(projection.condition)

    def _vectors(self, images: Tensor) -> Tensor:
        """The vectors of images in [-1, 1], (N, D)."""
        pixels = pixel_vectors(images)
        return torch.cat([pixels, self.features(images)], dim=1) if self.features else pixels

    @torch.no_grad()
    def _vectors_of(self, images: Tensor) -> Tensor:
        """The vectors of uint8 images."""
        return self._vectors(imaging.from_uint8(images.to(self.space.device)))

    @torch.no_grad()
    def _feature_distance(self, one: Tensor, other: Tensor) -> float | None:
        if self.features is None:
            return None
        pair = imaging.from_uint8(torch.stack([one, other]).to(self.space.device))
        vectors = self.features(pair)
        return squared_distances(vectors[:1], vectors[1:]).item()

    @torch.no_grad()
    def _nearest(self, target: Tensor) -> Tensor:
        """The indices of the candidates to start from, nearest first."""
        batches = self._images[:_CANDIDATES].split(_BATCH_SIZE)
        losses = [squared_distances(self._vectors_of(batch), target) for batch in batches]
        return torch.cat(losses).argsort(stable=True)[: self.starts].cpu()

    def _starts(self, nearest: Tensor) -> tuple[Tensor, Tensor | None]:
        """The points to start from, with their conditions."""
        points = self._points[nearest]
        conditions = None if self._conditions is None else self._conditions[nearest]
        if self.space.is_intermediate:
            row = None if conditions is None else conditions[:1]
            mean = mean_intermediate(self.space.generator, row, self.space.device)
            points = torch.cat([points, mean])
            conditions = None if conditions is None else torch.cat([conditions, conditions[:1]])
        return points, conditions

    @torch.enable_grad()
    def _optimize(
        self, start: Tensor, conditions: Tensor | None, target: Tensor, on_step: Callable[[], None]
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """For each start the best point and its loss, and the points of all at some steps."""
        s = self._scale.standardized(start).requires_grad_()
        optimizer = torch.optim.Adam([s], lr=_LR)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
        best, lowest, way = start, torch.full((len(start),), torch.inf, device=start.device), []
        for step in range(self.steps + 1):
            points = self._scale.points(s)
            images = self.space.images(points, conditions)
            losses = squared_distances(self._vectors(images), target)
            best, lowest = _keep_best(points.detach(), losses.detach(), best, lowest)
            if step == self.steps:
                break
            # True for as many steps as there are frames, at equal distances.
            if step * self.frames // self.steps != (step - 1) * self.frames // self.steps:
                way.append(points.detach())
            prior = (s.flatten(1).square().mean(1) - 1).square()
            optimizer.zero_grad()
            (losses + _PRIOR_WEIGHT * prior).sum().backward()
            optimizer.step()
            scheduler.step()
            on_step()
        return best, lowest, way


class _Scale(NamedTuple):
    """The mean and the standard deviation of points, of each number if they are intermediate."""

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, points: Tensor, space: LatentSpace) -> Self:
        if space.is_intermediate:
            return cls(points.mean(0, keepdim=True), points.std(0, keepdim=True))
        return cls(points.mean(), points.std())

    def standardized(self, points: Tensor) -> Tensor:
        return (points - self.mean) / self.std.clamp(min=1e-8)

    def points(self, standardized: Tensor) -> Tensor:
        return self.mean + self.std * standardized

    def squared_length(self, points: Tensor) -> Tensor:
        """The mean square of the standardized points, (N,)."""
        return self.standardized(points).flatten(1).square().mean(1)


def _keep_best(
    points: Tensor, losses: Tensor, best: Tensor, lowest: Tensor
) -> tuple[Tensor, Tensor]:
    """For each start, the point with the lowest loss so far, and that loss."""
    better = losses < lowest
    mask = better.view(-1, *[1] * (points.ndim - 1))
    return torch.where(mask, points, best), torch.where(better, losses, lowest)


def _rms(one: Tensor, other: Tensor) -> float:
    return (one.float() - other.float()).square().mean().sqrt().item()
