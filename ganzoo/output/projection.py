"""Projection: find the latents whose generated image is nearest to a given image."""

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
from ganzoo.training.sampling import images_from_latents, latents_of

_CANDIDATES = 256
"""Random latents that are compared with the image first."""
_STARTS = 4
"""The nearest candidates, from which gradient descent starts."""
_BATCH_SIZE = 64
_LR = 0.2
"""Adam's initial learning rate; cosine annealing reduces it to 0."""
_PRIOR_WEIGHT = 0.1
"""Weight of the penalty on the latents' length, relative to squared pixels in [-1, 1]."""


@dataclass(frozen=True)
class Projection:
    """The generated image that was found for a given one."""

    image: Tensor
    """uint8 (C, H, W)."""
    latents: Tensor
    """Its latents, without a batch axis, on the CPU."""
    condition: str | None
    """Its class or values, as ``TrainedRun.generate`` reads them."""
    distance: float
    """Root mean square difference to the given image, of pixels from 0 to 255."""
    random_distance: float
    """The same for the nearest candidate before gradient descent."""
    length: float
    """Root mean square of the standardized latents; about 1 for typical latents."""


def prepare_image(run: TrainedRun, path: Path) -> Tensor:
    """An image file prepared like the run's images, uint8 (C, H, W).

    Raises UnreadableImage, and RequestError where the image cannot have the run's channels.
    """
    options = run.run.data.model_copy(update={"channels": run.data_image_shape.channels})
    image = torch.from_numpy(prepare(open_image(path), options)).permute(2, 0, 1)[None]
    return imaging.to_uint8(run.growth_point.shrink(imaging.from_uint8(image)))[0]


class Projector:
    """Finds latents by gradient descent, starting from the nearest random images.

    It minimizes the mean squared difference between the two images, summed over several scales,
    each half of the one before, plus the penalty ``0.1 (|z|^2 / D - 1)^2``: normal latents of D
    dimensions almost always have |z|^2 near D. The 256 candidates are the images of
    ``TrainedRun.generate`` with this seed, class and condition; what is not given is tried as often
    as it was trained.

    Raises RequestError as ``TrainedRun.generate``.
    """

    def __init__(
        self,
        run: TrainedRun,
        steps: int = 300,
        seed: int = 0,
        class_name: str | None = None,
        condition: str | None = None,
    ) -> None:
        self.steps = steps
        self._generator = run.generator
        self._latents = latents_of(run.generator, range(_CANDIDATES), seed)
        self._condition = run.condition
        self._conditions = run.conditions(_CANDIDATES, seed, class_name, condition)
        self._images = images_from_latents(run.generator, self._latents, self._conditions)
        self._device = next(run.generator.parameters()).device
        # Latents that are not normal are standardized by their own mean and standard deviation.
        self._mean, self._std = self._latents.mean().item(), self._latents.std().item()

    def __call__(self, image: Tensor, on_step: Callable[[], None] = lambda: None) -> Projection:
        """The projection of an image, uint8 (C, H, W); ``on_step`` is called after each step."""
        target = _all_scales(imaging.from_uint8(image[None].to(self._device)))
        nearest = self._nearest(target)
        latents = self._latents[nearest].to(self._device)
        conditions = (
            None if self._conditions is None else self._conditions[nearest].to(self._device)
        )
        latents, best = self._optimize(latents, conditions, target, on_step)
        best_condition = None if conditions is None else conditions[best : best + 1]
        found = latents[best : best + 1]
        generated = images_from_latents(self._generator, found, best_condition)[0]
        return Projection(
            image=generated,
            latents=found[0].cpu(),
            condition=None if best_condition is None else self._text(best_condition[0]),
            distance=_rms(generated, image),
            random_distance=_rms(self._images[nearest[0]], image),
            length=self._squared_length(found).sqrt().item(),
        )

    def _text(self, conditions: Tensor) -> str:
        assert self._condition
        return self._condition.text(conditions)

    def _nearest(self, target: Tensor) -> Tensor:
        """The indices of the candidates to start from, nearest first."""
        losses = [
            _losses(imaging.from_uint8(batch.to(self._device)), target)
            for batch in self._images.split(_BATCH_SIZE)
        ]
        return torch.cat(losses).argsort(stable=True)[:_STARTS].cpu()

    @torch.enable_grad()
    def _optimize(
        self, start: Tensor, conditions: Tensor | None, target: Tensor, on_step: Callable[[], None]
    ) -> tuple[Tensor, int]:
        """The best latents found from each start, and the index of the best of all."""
        z = start.clone().requires_grad_()
        optimizer = torch.optim.Adam([z], lr=_LR)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
        best, lowest = start, torch.full((len(start),), torch.inf, device=start.device)
        for _ in range(self.steps):
            losses = _losses(self._generator(z, conditions), target)
            best, lowest = _keep_best(z.detach(), losses.detach(), best, lowest)
            prior = (self._squared_length(z) - 1).square()
            optimizer.zero_grad()
            (losses + _PRIOR_WEIGHT * prior).sum().backward()
            optimizer.step()
            scheduler.step()
            on_step()
        with torch.no_grad():
            losses = _losses(self._generator(z, conditions), target)
        best, lowest = _keep_best(z.detach(), losses, best, lowest)
        return best, int(lowest.argmin())

    def _squared_length(self, latents: Tensor) -> Tensor:
        """The mean square of the standardized latents, (N,)."""
        return ((latents.flatten(1) - self._mean) / self._std).square().mean(1)


def _keep_best(
    latents: Tensor, losses: Tensor, best: Tensor, lowest: Tensor
) -> tuple[Tensor, Tensor]:
    """For each start, the latents with the lowest loss so far, and that loss."""
    better = losses < lowest
    mask = better.view(-1, *[1] * (latents.ndim - 1))
    return torch.where(mask, latents, best), torch.where(better, losses, lowest)


def _losses(images: Tensor, target: Tensor) -> Tensor:
    """For each image (N, C, H, W), the mean squared difference, summed over all scales, (N,)."""
    return (_all_scales(images) - target).square().sum(1)


def _all_scales(images: Tensor) -> Tensor:
    """The pixels of all scales, (N, D), weighted so that the sum of squares is a sum of means."""
    scales = []
    for shape in ImageShape(*images.shape[1:]).halved_shapes():
        pixels = avg_pool2d(images, images.shape[3] // shape.width).flatten(1)
        scales.append(pixels / math.sqrt(pixels.shape[1]))
    return torch.cat(scales, dim=1)


def _rms(one: Tensor, other: Tensor) -> float:
    return (one.float() - other.float()).square().mean().sqrt().item()
