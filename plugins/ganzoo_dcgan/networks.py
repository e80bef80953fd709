"""Generator and discriminator of DCGAN (Radford et al. 2015).

Conditions are embedded as in Mirza & Osindero 2014.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import (
    Condition,
    ConditionedLatents,
    ConditionEmbedding,
    ConditionEstimator,
    Discriminator,
    Dropout,
    Generator,
    ImageShape,
    LossRequirements,
    Networks,
    norm_layer,
)
from ganzoo_dcgan.layers import DownsamplingConv, UpsamplingConv

if TYPE_CHECKING:
    from ganzoo_dcgan import DcganOptions


def build(
    options: DcganOptions,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks, initialized as in the paper.

    Raises ValueError if the sides of the images cannot be halved down to 15 pixels or less.
    """
    generator = DcganGenerator(options, image_shape, condition)
    discriminator = DcganDiscriminator(
        options, image_shape, condition, requirements.norm(options.norm)
    )
    if condition and requirements.estimated_condition:
        discriminator.add_estimator(condition)
    generator.apply(_initialize)
    discriminator.apply(_initialize)
    return Networks(generator=generator, discriminator=discriminator)


class DcganGenerator(Generator):
    """Projects latents to the smallest feature maps, then upsamples these to the image's size.

    Latents are normal, in the paper uniform in [-1, 1]. A learned embedding of the condition is
    concatenated to the latents.
    """

    def __init__(
        self, options: DcganOptions, image_shape: ImageShape, condition: Condition | None
    ) -> None:
        super().__init__()
        kernel, latent_dim = options.kernel_size, options.latent_dim
        start, *larger = _shapes(image_shape)
        widths = _widths(options, len(larger))[::-1]
        self.latent_dim = latent_dim
        self.conditioned = ConditionedLatents(latent_dim, condition)
        layers: list[nn.Module] = [
            nn.Linear(
                self.conditioned.width,
                widths[0] * start.height * start.width,
                bias=False,
            ),
            nn.Unflatten(1, (widths[0], start.height, start.width)),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        ]
        for wide, narrow in pairwise(widths):
            layers += [UpsamplingConv(wide, narrow, kernel), nn.BatchNorm2d(narrow), nn.ReLU()]
        last = UpsamplingConv(widths[-1], image_shape.channels, kernel, bias=options.bias)
        layers += [last, nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images of shape (N, C, H, W) in [-1, 1] from latents of shape (N, latent_dim)."""
        images: Tensor = self.layers(self.conditioned(latents, condition))
        return images


class DcganDiscriminator(Discriminator):
    """Downsamples the image to the smallest feature maps, then computes one score from these.

    A learned embedding of the condition is concatenated to the image, as one more channel.
    """

    def __init__(
        self, options: DcganOptions, image_shape: ImageShape, condition: Condition | None, norm: str
    ) -> None:
        super().__init__()
        start, *larger = _shapes(image_shape)
        kernel, widths = options.kernel_size, _widths(options, len(larger))
        inputs = image_shape.channels + bool(condition)
        self.embed = (
            ConditionEmbedding(condition, image_shape.height * image_shape.width)
            if condition
            else None
        )
        layers: list[nn.Module] = [
            Dropout(options.dropout),
            DownsamplingConv(inputs, widths[0], kernel, bias=options.bias),
            nn.LeakyReLU(0.2),
        ]
        for narrow, wide in pairwise(widths):
            conv = DownsamplingConv(narrow, wide, kernel, bias=norm == "none")
            layers += [conv, norm_layer(norm, wide), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)
        self.features = widths[-1] * start.height * start.width
        """The number of values in the smallest feature maps."""
        self.head: nn.Module
        if options.head == "conv":
            shape = (start.height, start.width)
            self.head = nn.Conv2d(widths[-1], 1, shape, bias=options.bias)
        else:
            linear = nn.Linear(self.features, 1, bias=options.bias)
            self.head = nn.Sequential(nn.Flatten(), linear)
        self.estimator: ConditionEstimator | None = None

    def add_estimator(self, condition: Condition) -> None:
        """Add the layer that ``condition_error`` needs."""
        self.estimator = ConditionEstimator(condition, self.features)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for images of shape (N, C, H, W)."""
        if self.embed is not None:
            plane = self.embed(condition).view(-1, 1, *images.shape[2:])
            images = torch.cat((images, plane), dim=1)
        scores: Tensor = self.head(self.layers(images)).flatten()
        return scores

    def condition_error(self, images: Tensor, condition: Tensor) -> Tensor:
        """The error of the condition that is estimated from the smallest feature maps, (N,).

        The channel of the condition is zero then.
        """
        assert self.estimator is not None
        maps = self.layers(torch.cat((images, torch.zeros_like(images[:, :1])), dim=1))
        error: Tensor = self.estimator(maps.flatten(1), condition)
        return error


def _shapes(image_shape: ImageShape) -> list[ImageShape]:
    """The shapes of the feature maps in ascending order, from 4 x 4 for a power of two."""
    return image_shape.halved_shapes(largest=15)


def _widths(options: DcganOptions, halvings: int) -> list[int]:
    """The number of feature maps at 1/2 of the image's size, at 1/4, and so on."""
    return [options.base_channels * min(2**stage, 8) for stage in range(halvings)]


def _initialize(layer: nn.Module) -> None:
    """Weights from N(0, 0.02^2) (section 4), batch norm gains from N(1, 0.02^2), biases 0."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, 0.0, 0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
