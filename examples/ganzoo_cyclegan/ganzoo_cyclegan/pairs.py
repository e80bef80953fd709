"""Pairs of images: x above y in one image, so that a grid shows a source and its translation."""

from __future__ import annotations

import torch
from torch import Tensor


def split(pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Pairs (N, C, 2 H, W) as x and y, (N, C, H, W) each."""
    x, y = pairs.chunk(2, dim=2)
    return x, y


def join(x: Tensor, y: Tensor) -> Tensor:
    """Images x and y, (N, C, H, W) each, as pairs (N, C, 2 H, W)."""
    return torch.cat([x, y], dim=2)
