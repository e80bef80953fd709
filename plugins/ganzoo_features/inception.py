"""The Inception-v3 of TensorFlow's release of 2015, by whose features the literature compares."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo_features import InceptionOptions
from ganzoo_features.inception_v3 import SIDE, InceptionV3
from ganzoo_features.preparation import by_threes
from ganzoo_features.weights import INCEPTION_SHA256, find_inception, load_verified


class Inception(nn.Module):
    """The 2048 features of an image: means over all places of the last block ("pool3").

    Raises RequestError where its weights are not to be had.
    """

    identity = f"inception-2015-12-05-{SIDE}px-tensorflow1-{INCEPTION_SHA256[:16]}"

    def __init__(self, options: InceptionOptions) -> None:
        super().__init__()
        weights = load_verified(find_inception(options), INCEPTION_SHA256)
        self.network = InceptionV3()
        self.network.load_state_dict(weights)
        self.network.requires_grad_(False).to(memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def forward(self, images: Tensor) -> Tensor:
        """Features, float32 (N, 2048), of uint8 (N, C, H, W); 2048 for each three channels."""
        return by_threes(self.network, images)
