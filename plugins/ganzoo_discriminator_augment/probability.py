"""A probability that rises while the discriminator overfits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganzoo import Scores, Step
from ganzoo_discriminator_augment import AdaptiveOptions


class AdaptiveProbability:
    """The probability p of adaptive discriminator augmentation (Karras et al. 2020, section 3).

    r_t = E[sign(D(x))] over the real images x of some batches indicates overfitting (equation 1).
    After these batches p rises if r_t is greater than the target, and falls if it is less. All is
    computed on the device of the scores, so that nothing waits for it. With the option ``p``, the
    probability is this number.
    """

    def __init__(self, options: AdaptiveOptions) -> None:
        self._options = options
        self._p = torch.tensor(0.0)
        self._signs = torch.tensor(0.0)
        self._batches = 0

    def on(self, device: torch.device) -> Tensor:
        """The present probability, float32 () on a device."""
        if self._options.p is not None:
            return torch.tensor(self._options.p, device=device)
        self._p = self._p.to(device)
        return self._p

    def observe(self, step: Step, scores: Scores) -> None:
        """Add the signs of a batch; change p after every ``interval`` batches."""
        sign = scores.real.sign().mean()
        p = self.on(sign.device)
        step.report("sign", sign)
        if self._options.p is None:
            p = self._adapted(p, sign, step.batch_size)
        step.report("p", p)

    def _adapted(self, p: Tensor, sign: Tensor, batch_size: int) -> Tensor:
        options = self._options
        self._signs = self._signs.to(sign.device) + sign
        self._batches += 1
        if self._batches >= options.interval:
            direction = (self._signs / self._batches - options.target).sign()
            change = batch_size * self._batches / options.ramp_images
            self._p = (p + direction * change).clamp(0, 1)
            self._signs, self._batches = torch.zeros_like(sign), 0
        return self._p

    def state_dict(self) -> dict[str, Any]:
        """The probability, and the signs since it changed."""
        return {"p": self._p, "signs": self._signs, "batches": self._batches}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore them."""
        self._p, self._signs, self._batches = state["p"], state["signs"], state["batches"]
