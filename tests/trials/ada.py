"""Adaptive discriminator augmentation (Karras et al. 2020, arXiv 2006.06676)."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from ganzoo import AugmentationSpec, ImageShape, Options, Scores, Step, hookimpl

INTERVAL = 4
"""Batches from one change of p to the next (section 3)."""
TRANSFORMATIONS = 3


class AdaOptions(Options):
    """Options of ADA."""

    target: float = Field(0.6, ge=-1, le=1, description="Value of E[sign(D(x))] to hold.")
    images: int = Field(
        500_000, ge=1, le=10**9, description="Images seen while p rises from 0 to 1."
    )


class Ada:
    """Flips, integer shifts and brightness, each with the probability p.

    r_t = E[sign(D(x))] over the real images x of four batches indicates overfitting (equation 1).
    After these batches p rises if r_t is greater than the target, and falls if it is less.
    """

    apply_to: Literal["all"] = "all"

    def __init__(self, options: AdaOptions) -> None:
        self.target, self.images = options.target, options.images
        self.p, self.signs, self.batches = 0.0, 0.0, 0

    def observe(self, step: Step, scores: Scores) -> None:
        """Add the signs of a batch; change p after every fourth."""
        self.signs += float(scores.real.sign().mean())
        self.batches += 1
        if self.batches == INTERVAL:
            above = self.signs / INTERVAL - self.target
            change = step.batch_size * INTERVAL / self.images
            self.p = min(1.0, max(0.0, self.p + ((above > 0) - (above < 0)) * change))
            self.signs, self.batches = 0.0, 0
        step.report("ada/p", torch.tensor(self.p, device=scores.real.device))

    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Whether to flip, the shift to the right and down in pixels, the brightness; (n, 4)."""
        u = torch.rand(n, 2 * TRANSFORMATIONS + 1, generator=random, device=random.device)
        use, (flip, x, y, brightness) = u[:, :3] < self.p, u[:, 3:].unbind(1)
        largest = image_shape.width // 8, image_shape.height // 8
        return torch.stack(
            [
                use[:, 0] * (flip < 0.5),
                use[:, 1] * ((2 * x - 1) * largest[0]).round(),
                use[:, 1] * ((2 * y - 1) * largest[1]).round(),
                use[:, 2] * (brightness - 0.5),
            ],
            1,
        )

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        """The transformed images; pixels from outside are reflected at the border."""
        flip, x, y, brightness = parameters.to(images.dtype).unbind(1)
        rows, columns = _sources(images.shape[2], y), _sources(images.shape[3], x)
        columns = torch.where(flip[:, None] > 0, images.shape[3] - 1 - columns, columns)
        images = images.gather(2, rows[:, None, :, None].expand_as(images))
        images = images.gather(3, columns[:, None, None, :].expand_as(images))
        return images + brightness[:, None, None, None]

    def state_dict(self) -> dict[str, Any]:
        """The probability, and the signs since it changed."""
        return {"p": self.p, "signs": self.signs, "batches": self.batches}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore them."""
        self.p, self.signs, self.batches = state["p"], state["signs"], state["batches"]


def _sources(length: int, shifts: Tensor) -> Tensor:
    """The index that each of ``length`` pixels is taken from, int64 (N, length)."""
    index = torch.arange(length, device=shifts.device) - shifts[:, None].long()
    return (length - 1) - ((length - 1) - index.abs()).abs()


@hookimpl
def ganzoo_augmentations() -> list[AugmentationSpec]:
    """One augmentation."""
    return [
        AugmentationSpec(
            name="ada",
            summary="Flips, shifts and brightness, as often as the discriminator overfits.",
            factory=Ada,
            options=AdaOptions,
            reference="Karras et al. 2020, arXiv 2006.06676",
        )
    ]
