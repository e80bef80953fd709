"""The best of several generated images, by the scores of the discriminator."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganzoo import imaging
from ganzoo.contracts import Discriminator
from ganzoo.output.trained import TrainedRun
from ganzoo.output.trained_generator import TrainedGenerator

_BATCH_SIZE = 64
Progress = Callable[[int, int], None]
"""Called with the number of images that were generated, and of those that are still to be."""


def discriminator_of(trained: TrainedGenerator) -> Discriminator | None:
    """The discriminator that the generator was trained with; ``None`` for an exported file."""
    return trained.discriminator if isinstance(trained, TrainedRun) else None


@torch.no_grad()
def best_images(
    trained: TrainedGenerator,
    count: int,
    best_of: int,
    seed: int,
    class_name: str | None = None,
    truncation: float = 1.0,
    progress: Progress = lambda done, more: None,
) -> Tensor:
    """``count`` images as uint8 (N, C, H, W) on the CPU, each the best of ``best_of``.

    Image i has the highest score of the discriminator among the images number i * best_of to
    (i + 1) * best_of - 1 of ``TrainedGenerator.generate``. Of several scores of an image, the mean
    counts. Without a discriminator, they are the first ``count`` images.
    """
    discriminator = discriminator_of(trained)
    best_of = best_of if discriminator else 1
    total = count * best_of
    generator, latents = trained.truncated(truncation), trained.latents(total, seed)
    conditions = trained.conditions(total, seed, class_name)
    images, scores = [], []
    progress(0, total)
    for start in range(0, total, _BATCH_SIZE):
        batch = slice(start, start + _BATCH_SIZE)
        rows = None if conditions is None else conditions[batch].to(latents.device)
        generated = generator(latents[batch], rows)
        images.append(imaging.to_uint8(generated).cpu())
        if discriminator:
            of_batch = discriminator(generated, rows)
            scores.append(of_batch.reshape(len(generated), -1).mean(1).float().cpu())
        progress(len(generated), -len(generated))
    if not discriminator:
        return torch.cat(images)
    chosen = torch.cat(scores).view(count, best_of).argmax(1) + torch.arange(count) * best_of
    return torch.cat(images)[chosen]
