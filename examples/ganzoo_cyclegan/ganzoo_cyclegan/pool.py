"""The translations of earlier steps, which the discriminators see again."""

from __future__ import annotations

import torch
from torch import Tensor


class ImagePool:
    """Up to ``size`` earlier images (Shrivastava et al. 2016, arXiv 1612.07828, section 2.3)."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def exchange(self, images: Tensor, random: torch.Generator) -> Tensor:
        """Images (N, C, H, W), of which about half are replaced by earlier ones.

        A new image takes the place of the earlier one. Until the pool is full, all stay.
        """
        swaps = torch.rand(len(images), generator=random, device=random.device) < 0.5
        places = torch.randint(
            max(1, self.size), (len(images),), generator=random, device=random.device
        )
        chosen = list(images)
        for number, (swap, place) in enumerate(zip(swaps.tolist(), places.tolist(), strict=True)):
            if len(self.images) < self.size:
                self.images.append(images[number].clone())
            elif swap and self.size:
                chosen[number] = self.images[place].to(images.device)
                self.images[place] = images[number].clone()
        return torch.stack(chosen)
