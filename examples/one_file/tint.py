"""An augmentation in one file: ``ganzoo train ... --augment tint --plugin tint.py``."""

import torch
from pydantic import Field
from torch import Tensor

from ganzoo import ApplyTo, AugmentationSpec, Options, hookimpl


class TintOptions(Options):
    """Options of the tint."""

    amount: float = Field(
        0.1, ge=0, description="Largest change of a channel; images are in [-1, 1]."
    )


class Tint:
    """Adds a random offset to each channel of an image."""

    apply_to: ApplyTo = "real"

    def __init__(self, options: TintOptions) -> None:
        self.amount = options.amount

    def sample_color_matrix(self, n: int, channels: int, random: torch.Generator) -> Tensor:
        """The identity, with a random offset for each channel in its last column."""
        matrices = torch.eye(channels + 1, device=random.device).repeat(n, 1, 1)
        offsets = 2 * torch.rand(n, channels, generator=random, device=random.device) - 1
        matrices[:, :channels, channels] = self.amount * offsets
        return matrices


@hookimpl
def ganzoo_augmentations() -> list[AugmentationSpec]:
    """One augmentation."""
    return [
        AugmentationSpec(
            name="tint",
            summary="Random offset of each channel.",
            factory=Tint,
            options=TintOptions,
        )
    ]
