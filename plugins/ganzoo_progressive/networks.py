"""The progressively grown networks of Karras et al. 2017, with labels after Miyato & Koyama 2018.

Stage 0 is of the smallest pictures; each further one doubles height and width.
"""

from __future__ import annotations

from itertools import pairwise
from math import log2, sqrt
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import GrowingDiscriminator, GrowingGenerator, ImageShape, Needs, Networks
from ganzoo_progressive.layers import (
    EqualisedConv,
    EqualisedLinear,
    EqualisedProjection,
    MinibatchStddev,
    PixelNorm,
)

if TYPE_CHECKING:
    from ganzoo_progressive import ProgressiveOptions

SIZES = sorted(side << n for side in (4, 5, 6, 7) for n in range(9) if side << n <= 1024)
"""The sides of pictures that come of small ones by doubling."""


def build(
    options: ProgressiveOptions, *, image: ImageShape, classes: int, needs: Needs
) -> Networks:
    """Both networks; the critic compares the pictures of a batch, unless in groups of one.

    Raises ValueError where the pictures' size is not one of ``SIZES`` squared, where labels are
    asked for and there are none, and where the loss confines weights, which are stored as N(0, 1).
    """
    if image.height != image.width or image.width not in SIZES:
        raise ValueError(_refusal(image))
    if options.conditional and not classes:
        raise ValueError(
            "the pictures have no labels: leave conditional out, or use a dataset that has them"
        )
    if needs.confined_weights:
        raise ValueError(
            "the loss confines the critic's weights, which are scaled here: use wgan-gp instead"
        )
    return Networks(
        generator=ProgressiveGenerator(options, image, classes),
        discriminator=ProgressiveDiscriminator(options, image, classes),
        conditional=options.conditional,
        compares=options.group > 1,
    )


class ProgressiveGenerator(GrowingGenerator):
    """Projects latents to the smallest feature maps and doubles these, stage by stage.

    Each stage turns its feature maps into pictures by a layer of its own. Labels become latents
    of their own, learned.
    """

    def __init__(self, options: ProgressiveOptions, image: ImageShape, classes: int) -> None:
        stages = image.halvings()
        widths = _widths(options, len(stages))
        inputs = options.latents * (1 + options.conditional)
        blocks = [_project(inputs, widths[0], stages[0].height)]
        blocks += [_double(wide, narrow) for wide, narrow in pairwise(widths)]
        to_rgb = [EqualisedConv(width, image.channels, 1, gain=1) for width in widths]
        super().__init__(stages, blocks, to_rgb)
        self.latents = options.latents
        self.embed = nn.Embedding(classes, options.latents) if options.conditional else None

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Draw ``n`` normal latents, (n, latents) float32."""
        return torch.randn(n, self.latents, generator=random, device=random.device)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures of shape (N, C, H, W), unbounded, from latents of shape (N, latents)."""
        if self.embed is not None:
            latents = torch.cat((latents, self.embed(labels)), dim=1)
        return self.grown(latents)


class ProgressiveDiscriminator(GrowingDiscriminator):
    """Halves pictures down to the smallest feature maps, stage by stage, and scores these.

    Each stage turns pictures into its feature maps by a layer of its own. A label's embedding is
    projected on the last features: psi(phi(x)) + y^T V phi(x) (Miyato & Koyama 2018, eq. 3).
    """

    def __init__(self, options: ProgressiveOptions, image: ImageShape, classes: int) -> None:
        stages = image.halvings()
        widths = _widths(options, len(stages))
        blocks = [_gather(widths[0], stages[0].height, options.group)]
        blocks += [_halve(narrow, wide) for wide, narrow in pairwise(widths)]
        from_rgb = [_active(EqualisedConv(image.channels, width, 1)) for width in widths]
        super().__init__(stages, blocks, from_rgb)
        self.score = EqualisedLinear(widths[0], 1, gain=1)
        self.embed = nn.Embedding(classes, widths[0]) if options.conditional else None

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for pictures of shape (N, C, H, W)."""
        features = self.grown(images)
        scores: Tensor = self.score(features).flatten()
        if self.embed is not None:
            # Equalised, too: weights of N(0, 1) over the root of the fan-in.
            size = features.shape[1]
            scores = scores + (self.embed(labels) * features).sum(dim=1) / sqrt(size)
        return scores


def _widths(options: ProgressiveOptions, stages: int) -> list[int]:
    """How many feature maps each stage has (table 2)."""
    return [min(options.base >> stage + 1, options.channels) for stage in range(stages)]


def _active(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers, nn.LeakyReLU(0.2))


def _normed(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers, nn.LeakyReLU(0.2), PixelNorm())


def _project(latents: int, width: int, side: int) -> nn.Sequential:
    """The generator's first block: latents (N, latents) to feature maps (N, width, side, side)."""
    return nn.Sequential(
        PixelNorm(),
        _normed(EqualisedProjection(latents, width, side)),
        _normed(EqualisedConv(width, width, 3, padding=1)),
    )


def _double(inputs: int, outputs: int) -> nn.Sequential:
    """A further block of the generator, which doubles height and width."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2),
        _normed(EqualisedConv(inputs, outputs, 3, padding=1)),
        _normed(EqualisedConv(outputs, outputs, 3, padding=1)),
    )


def _halve(inputs: int, outputs: int) -> nn.Sequential:
    """A block of the discriminator, which halves height and width."""
    return nn.Sequential(
        _active(EqualisedConv(inputs, inputs, 3, padding=1)),
        _active(EqualisedConv(inputs, outputs, 3, padding=1)),
        nn.AvgPool2d(2),
    )


def _gather(width: int, side: int, group: int) -> nn.Sequential:
    """The discriminator's last block: feature maps (N, width, side, side) to (N, width)."""
    compare = [MinibatchStddev(group)] if group > 1 else []
    return nn.Sequential(
        *compare,
        _active(EqualisedConv(width + len(compare), width, 3, padding=1)),
        _active(EqualisedConv(width, width, side)),
        nn.Flatten(),
    )


def _refusal(image: ImageShape) -> str:
    """Which size cannot be made, and the two nearest, by ratio, that can."""
    pixels = image.height * image.width
    distance = {size: abs(log2(size * size / pixels)) for size in SIZES}
    low, high = sorted(sorted(SIZES, key=distance.__getitem__)[:2])
    return (
        f"cannot make pictures of {image.size} pixels, only squares whose side "
        f"is 4 to 7 doubled a few times, up to 1024: the nearest resolutions are {low} and {high}"
    )
