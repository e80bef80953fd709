"""Inception-v3 of the TensorFlow release of 2015-12-05, the features of FID and KID in papers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo_features import InceptionOptions
from ganzoo_features.inception_v3 import RESOLUTION, InceptionV3
from ganzoo_features.preparation import apply_per_three_channels, maps_per_three_channels
from ganzoo_features.weights import INCEPTION_SHA256, find_inception, load_verified

_LAYERS = ("Conv2d_2b_3x3", "Conv2d_4a_3x3", "Mixed_5d", "Mixed_6e", "Mixed_7c")
"""The last layer of each resolution."""


class Inception(nn.Module):
    """2048 features: the global average pool after the last block ("pool3").

    Raises RequestError if the file of weights is missing or damaged.
    """

    identity = f"inception-2015-12-05-{RESOLUTION}px-tensorflow1-{INCEPTION_SHA256[:16]}"

    def __init__(self, options: InceptionOptions) -> None:
        super().__init__()
        weights = load_verified(find_inception(options), INCEPTION_SHA256)
        self.network = InceptionV3()
        self.network.load_state_dict(weights)
        self.network.requires_grad_(False).to(memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def forward(self, images: Tensor) -> Tensor:
        """Features, float32 (N, 2048 * ceil(C / 3)), of images, uint8 (N, C, H, W)."""
        return apply_per_three_channels(self.network, images)

    def feature_maps(self, images: Tensor) -> list[Tensor]:
        """The maps of five resolutions, of images, float32 (N, C, H, W) in [-1, 1]."""
        return maps_per_three_channels(self._maps, images)

    def _maps(self, images: Tensor) -> list[Tensor]:
        return [x for name, x in self.network.outputs(images) if name in _LAYERS]
