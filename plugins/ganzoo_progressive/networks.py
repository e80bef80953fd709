"""The progressively grown networks of Karras et al. 2017, with labels after Miyato & Koyama 2018.

Stage 0 is of the smallest images; each further one doubles height and width.
"""

from __future__ import annotations

from itertools import pairwise
from math import log2, sqrt
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import GrowingDiscriminator, GrowingGenerator, ImageShape, LossRequirements, Networks
from ganzoo_progressive.layers import (
    EqualizedConv,
    EqualizedLinear,
    EqualizedProjection,
    MinibatchStddev,
    PixelNorm,
)

if TYPE_CHECKING:
    from ganzoo_progressive import ProgressiveOptions

SIZES = sorted(side << n for side in (4, 5, 6, 7) for n in range(9) if side << n <= 1024)
"""The sides of images that come of small ones by doubling."""


def build(
    options: ProgressiveOptions,
    *,
    image_shape: ImageShape,
    num_classes: int,
    requirements: LossRequirements,
) -> Networks:
    """Both networks; with groups of one image there is no minibatch standard deviation layer.

    Raises ValueError where the images' size is not one of ``SIZES`` squared, where labels are
    asked for and there are none, and where the loss clips weights, which are stored as N(0, 1).
    """
    if image_shape.height != image_shape.width or image_shape.width not in SIZES:
        raise ValueError(_refusal(image_shape))
    if options.conditional and not num_classes:
        raise ValueError(
            "the images have no labels: leave conditional out, or use a dataset that has them"
        )
    if requirements.constrained_weights:
        raise ValueError(
            "the loss clips the discriminator's weights, which are scaled here: use wgan-gp instead"
        )
    return Networks(
        generator=ProgressiveGenerator(options, image_shape, num_classes),
        discriminator=ProgressiveDiscriminator(options, image_shape, num_classes),
        conditional=options.conditional,
        batch_dependent_scores=options.mbstd_group_size > 1,
    )


class ProgressiveGenerator(GrowingGenerator):
    """Projects latents to the smallest feature maps and doubles these, stage by stage.

    Each stage turns its feature maps into images by a layer of its own. Labels become latents
    of their own, learned.
    """

    def __init__(
        self, options: ProgressiveOptions, image_shape: ImageShape, num_classes: int
    ) -> None:
        stages = image_shape.halved_shapes()
        widths = _widths(options, len(stages))
        inputs = options.latent_dim * (1 + options.conditional)
        blocks = [_project(inputs, widths[0], stages[0].height)]
        blocks += [_double(wide, narrow) for wide, narrow in pairwise(widths)]
        to_rgb = [EqualizedConv(width, image_shape.channels, 1, gain=1) for width in widths]
        super().__init__(stages, blocks, to_rgb)
        self.latent_dim = options.latent_dim
        self.embed = nn.Embedding(num_classes, options.latent_dim) if options.conditional else None

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Normal latents, (n, latent_dim) float32."""
        return torch.randn(n, self.latent_dim, generator=random, device=random.device)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images of shape (N, C, H, W), unbounded, from latents of shape (N, latent_dim)."""
        if self.embed is not None:
            latents = torch.cat((latents, self.embed(labels)), dim=1)
        return self.grown(latents)


class ProgressiveDiscriminator(GrowingDiscriminator):
    """Halves images down to the smallest feature maps, stage by stage, and scores these.

    Each stage turns images into its feature maps by a layer of its own. A label's embedding is
    projected on the last features: psi(phi(x)) + y^T V phi(x) (Miyato & Koyama 2018, eq. 3).
    """

    def __init__(
        self, options: ProgressiveOptions, image_shape: ImageShape, num_classes: int
    ) -> None:
        stages = image_shape.halved_shapes()
        widths = _widths(options, len(stages))
        blocks = [_gather(widths[0], stages[0].height, options.mbstd_group_size)]
        blocks += [_halve(narrow, wide) for wide, narrow in pairwise(widths)]
        from_rgb = [_active(EqualizedConv(image_shape.channels, width, 1)) for width in widths]
        super().__init__(stages, blocks, from_rgb)
        self.score = EqualizedLinear(widths[0], 1, gain=1)
        self.embed = nn.Embedding(num_classes, widths[0]) if options.conditional else None

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for images of shape (N, C, H, W)."""
        features = self.grown(images)
        scores: Tensor = self.score(features).flatten()
        if self.embed is not None:
            # Equalized, too: weights of N(0, 1) over the root of the fan-in.
            size = features.shape[1]
            scores = scores + (self.embed(labels) * features).sum(dim=1) / sqrt(size)
        return scores


def _widths(options: ProgressiveOptions, stages: int) -> list[int]:
    """How many feature maps each stage has (table 2)."""
    return [min(options.channel_base >> stage + 1, options.max_channels) for stage in range(stages)]


def _active(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers, nn.LeakyReLU(0.2))


def _normed(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers, nn.LeakyReLU(0.2), PixelNorm())


def _project(latent_dim: int, width: int, side: int) -> nn.Sequential:
    """The generator's first block: (N, latent_dim) to (N, width, side, side)."""
    return nn.Sequential(
        PixelNorm(),
        _normed(EqualizedProjection(latent_dim, width, side)),
        _normed(EqualizedConv(width, width, 3, padding=1)),
    )


def _double(inputs: int, outputs: int) -> nn.Sequential:
    """A further block of the generator, which doubles height and width."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2),
        _normed(EqualizedConv(inputs, outputs, 3, padding=1)),
        _normed(EqualizedConv(outputs, outputs, 3, padding=1)),
    )


def _halve(inputs: int, outputs: int) -> nn.Sequential:
    """A block of the discriminator, which halves height and width."""
    return nn.Sequential(
        _active(EqualizedConv(inputs, inputs, 3, padding=1)),
        _active(EqualizedConv(inputs, outputs, 3, padding=1)),
        nn.AvgPool2d(2),
    )


def _gather(width: int, side: int, group: int) -> nn.Sequential:
    """The discriminator's last block: feature maps (N, width, side, side) to (N, width)."""
    compare = [MinibatchStddev(group)] if group > 1 else []
    return nn.Sequential(
        *compare,
        _active(EqualizedConv(width + len(compare), width, 3, padding=1)),
        _active(EqualizedConv(width, width, side)),
        nn.Flatten(),
    )


def _refusal(image_shape: ImageShape) -> str:
    """Which size cannot be made, and the two nearest, by ratio, that can."""
    pixels = image_shape.height * image_shape.width
    distance = {size: abs(log2(size * size / pixels)) for size in SIZES}
    low, high = sorted(sorted(SIZES, key=distance.__getitem__)[:2])
    return (
        f"cannot make images of {image_shape.size} pixels, only squares "
        "whose side is 4 to 7 times a power of 2, up to 1024: "
        f"the nearest resolutions are {low} and {high}"
    )
