"""Real images with the conditions of other images, as further examples of what is not real."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ganzoo import RequestError, Step, Terms

if TYPE_CHECKING:
    from ganzoo_regularizers import MismatchOptions


class Mismatch:
    """weight E[-log(1 - sigmoid(D(x, c')))], a term of GAN-CLS (Reed et al. 2016, Algorithm 1).

    x is a real image, and c' is the condition of another image of the batch. Without it, the
    discriminator sees no image with a wrong condition but generated ones, and learns only slowly
    that an image must fit its condition.
    """

    network = "discriminator"
    every = 1
    independent_scores = False

    def __init__(self, options: MismatchOptions) -> None:
        self.weight = options.weight

    def terms(self, step: Step) -> Terms:
        """The term ``mismatch``; raises RequestError if the networks are not conditional."""
        condition = step.real.condition
        if condition is None:
            raise RequestError(
                "the regularizer mismatch needs conditional networks: set data.conditional=true"
            )
        other = self._of_other_images(step, condition)
        scores = step.critic(step.real.images, other)
        losses = softplus(scores).view(len(scores), -1).mean(1)
        # An image with the same class as the other one, or the same values, is no mismatch.
        differs = (other != condition).view(len(other), -1).any(1)
        return {"mismatch": self.weight * (losses * differs).mean()}

    def _of_other_images(self, step: Step, condition: Tensor) -> Tensor:
        """The conditions of the whole batch, moved on by the same random number of images."""
        count = step.batch_size
        random = step.random("mismatch")
        shift = torch.randint(1, max(count, 2), (), generator=random, device=random.device)
        # roll(shift, 0) would read the number, and wait for the device.
        rows = (torch.arange(count, device=shift.device) - shift) % count
        return step.shard(step.gather(condition).index_select(0, rows))
