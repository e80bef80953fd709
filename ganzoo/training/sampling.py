"""Pictures from a generator, each by its number."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ganzoo import pictures
from ganzoo.contracts import Generator
from ganzoo.training.randomness import Randomness

_AT_ONCE = 64


def spread(classes: int, count: int) -> Tensor:
    """Labels (count,) in ascending order, each class about equally often."""
    return torch.arange(count) * classes // count


def make_pictures(
    generator: Generator, count: int, seed: int, labels: Tensor | None = None
) -> Tensor:
    """``count`` pictures as uint8 (N, C, H, W) on the CPU.

    Picture i follows from the seed and from i alone, not from how many are made or where.
    """
    made = []
    for numbers in torch.arange(count).split(_AT_ONCE):
        latents = latents_of(generator, numbers.tolist(), seed)
        made.append(draw(generator, latents, None if labels is None else labels[numbers]))
    return torch.cat(made)


def latents_of(generator: Generator, numbers: Iterable[int], seed: int) -> Tensor:
    """The latents of the pictures of these numbers, each by itself."""
    randomness = Randomness(seed)
    return torch.cat(
        [generator.sample_latents(1, randomness.generator("picture", i)) for i in numbers]
    )


@torch.no_grad()
def draw(generator: Generator, latents: Tensor, labels: Tensor | None = None) -> Tensor:
    """The pictures of latents as uint8 (N, C, H, W) on the CPU, made where the generator is."""
    device = next(generator.parameters()).device
    made = []
    for chosen in torch.arange(len(latents)).split(_AT_ONCE):
        named = None if labels is None else labels[chosen].to(device)
        made.append(pictures.to_uint8(generator(latents[chosen].to(device), named)).cpu())
    return torch.cat(made)
