"""The decoder that reconstructs images from the discriminator's features."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo import SpectralConv
from ganzoo_fastgan.layers import gated

_WIDTHS = (2, 1, 1, 1 / 2)
"""The channels after each doubling, relative to ``base_channels``."""


class Decoder(nn.Module):
    """Doubles height and width ``doublings`` times, each with a gated convolution (section 3.2)."""

    def __init__(self, inputs: int, channels: int, base: int, doublings: int, norm: str) -> None:
        super().__init__()
        widths = [inputs, *(max(1, int(base * width)) for width in _WIDTHS[:doublings])]
        blocks = [
            nn.Sequential(
                nn.Upsample(scale_factor=2),
                gated(SpectralConv(wide, 2 * narrow, 3, padding=1), narrow, norm),
            )
            for wide, narrow in pairwise(widths)
        ]
        self.layers = nn.Sequential(*blocks, SpectralConv(widths[-1], channels, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, inputs, H, W) to images (N, C, H', W') in [-1, 1]."""
        return torch.tanh(self.layers(x).float())
