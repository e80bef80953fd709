"""Consistency regularization: similar images get similar scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ganzoo import Step, Terms

if TYPE_CHECKING:
    from ganzoo_regularizers import ConsistencyOptions


class Consistency:
    """lambda_real E[(D(x) - D(T(x)))^2] + lambda_fake E[(D(x~) - D(T(x~)))^2].

    This is balanced consistency regularization (Zhao et al. 2020, Algorithm 1), for real images x
    and generated images x~. T mirrors half of the images and shifts each by a few pixels.
    """

    network = "discriminator"
    independent_scores = False

    def __init__(self, options: ConsistencyOptions) -> None:
        self.options = options
        self.every = options.every

    def terms(self, step: Step) -> Terms:
        """The terms ``consistency_real`` and ``consistency_fake``."""
        real, fake = (self._difference(step, x) for x in (step.real.images, step.fake.images))
        return {
            "consistency_real": self.options.real_weight * real,
            "consistency_fake": self.options.fake_weight * fake,
        }

    def _difference(self, step: Step, x: Tensor) -> Tensor:
        """E[(D(x) - D(T(x)))^2]; other augmentations change an image and its copy equally."""
        scores = step.critic(x, transform="consistency")
        copies = step.critic(self._transformed(step, x), transform="consistency")
        return (scores - copies).square().mean()

    def _transformed(self, step: Step, x: Tensor) -> Tensor:
        """T(x): pixels that are shifted in repeat those at the border."""
        height, width = x.shape[2:]
        mirrored, down, right = step.uniform(3, 1).unbind(1)  # each (N, 1)
        rows = self._sources(height, down, x)
        columns = self._sources(width, right, x)
        if self.options.flip:
            columns = torch.where(mirrored < 0.5, columns.flip(1), columns)
        images = torch.arange(len(x), device=x.device)[:, None, None]
        return x[images, :, rows[:, :, None], columns[:, None, :]].movedim(3, 1)

    def _sources(self, length: int, random: Tensor, x: Tensor) -> Tensor:
        """The row or column of x from which each one of T(x) is copied, int64 (N, length).

        ``random`` is from U[0, 1), (N, 1); shifts are uniform in whole pixels.
        """
        largest = self.options.shift
        shift = (random * (2 * largest + 1)).long().clamp(max=2 * largest) - largest
        return (torch.arange(length, device=x.device) - shift).clamp(0, length - 1)
