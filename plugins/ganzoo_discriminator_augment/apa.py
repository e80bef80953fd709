"""Adaptive pseudo augmentation, APA (Jiang et al. 2021, arXiv 2111.06849)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor

from ganzoo import RealImages, Scores, Step
from ganzoo_discriminator_augment import ApaOptions
from ganzoo_discriminator_augment.probability import AdaptiveProbability


class Apa:
    """Shows the discriminator generated images as real ones, each with the probability p.

    p follows the signs of the scores of all that is shown as real, with the images that are
    generated. They are new in each update, and have the conditions of the images that they replace.
    p does not rise above 1.
    """

    apply_to: Literal["real"] = "real"

    def __init__(self, options: ApaOptions) -> None:
        self.probability = AdaptiveProbability(options)
        self.adapts = options.p is None

    def replace_real(self, step: Step, real: RealImages) -> Tensor:
        """Generated images with the probability p, otherwise the real ones."""
        u = step.uniform()
        replaced = u < self.probability.on(u.device)
        fake = step.generate(step.latents(), real.condition)
        return torch.where(replaced[:, None, None, None], fake.images, real.images)

    def observe(self, step: Step, scores: Scores) -> None:
        """Adapt p to the scores of what is shown as real."""
        self.probability.observe(step, scores)

    def state_dict(self) -> dict[str, Any]:
        """The state of p."""
        return self.probability.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state of p."""
        self.probability.load_state_dict(state)
