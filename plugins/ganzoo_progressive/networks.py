"""The progressively grown networks of Karras et al. 2017, with labels after Miyato & Koyama 2018.

Stage 0 is of the smallest pictures; each further one doubles height and width. All layers are
there from the start: the attributes ``stage`` and ``fade`` say which of them are used.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import log2, sqrt
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo import Discriminator, Generator, ImageShape, Needs, Networks
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


class ProgressiveGenerator(Generator):
    """Projects latents to the smallest feature maps and doubles these, stage by stage.

    Each stage turns its feature maps into pictures by a layer of its own. Labels become latents
    of their own, learned.
    """

    def __init__(self, options: ProgressiveOptions, image: ImageShape, classes: int) -> None:
        super().__init__()
        self.stages = image.halvings(smallest=4)
        self.latents = options.latents
        widths, side = _widths(options, len(self.stages)), self.stages[0].height
        inputs = options.latents * (1 + options.conditional)
        self.embed = nn.Embedding(classes, options.latents) if options.conditional else None
        self.blocks = nn.ModuleList([_project(inputs, widths[0], side)])
        self.blocks.extend(_double(wide, narrow) for wide, narrow in pairwise(widths))
        self.to_rgb = nn.ModuleList(
            EqualisedConv(width, image.channels, 1, gain=1) for width in widths
        )
        self.grow(len(self.stages) - 1, fade=1)

    def grow(self, stage: int, fade: float) -> None:
        """Make the pictures of ``stage`` from now on, faded into those of the stage before."""
        self.stage, self.fade = stage, fade

    def added(self, stage: int) -> Iterator[nn.Parameter]:
        """The parameters of its block and its pictures; the first stage has the embedding, too."""
        yield from self.blocks[stage].parameters()
        yield from self.to_rgb[stage].parameters()
        if self.embed is not None and stage == 0:
            yield from self.embed.parameters()

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Draw ``n`` normal latents, (n, latents) float32."""
        return torch.randn(n, self.latents, generator=random, device=random.device)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures of shape (N, C, H, W), unbounded, from latents of shape (N, latents)."""
        x = latents
        if self.embed is not None:
            x = torch.cat((x, self.embed(labels)), dim=1)
        for block in self.blocks[: self.stage]:
            x = block(x)
        images: Tensor = self.to_rgb[self.stage](self.blocks[self.stage](x))
        if self.stage and self.fade < 1:
            before = interpolate(self.to_rgb[self.stage - 1](x), scale_factor=2.0)
            images = before.lerp(images, self.fade)
        return images


class ProgressiveDiscriminator(Discriminator):
    """Halves pictures down to the smallest feature maps, stage by stage, and scores these.

    Each stage turns pictures into its feature maps by a layer of its own. A label's embedding is
    projected on the last features: psi(phi(x)) + y^T V phi(x) (Miyato & Koyama 2018, eq. 3).
    """

    def __init__(self, options: ProgressiveOptions, image: ImageShape, classes: int) -> None:
        super().__init__()
        self.stages = image.halvings(smallest=4)
        widths, side = _widths(options, len(self.stages)), self.stages[0].height
        self.from_rgb = nn.ModuleList(
            _active(EqualisedConv(image.channels, width, 1)) for width in widths
        )
        self.blocks = nn.ModuleList([_gather(widths[0], side, options.group)])
        self.blocks.extend(_halve(narrow, wide) for wide, narrow in pairwise(widths))
        self.score = EqualisedLinear(widths[0], 1, gain=1)
        self.embed = nn.Embedding(classes, widths[0]) if options.conditional else None
        self.grow(len(self.stages) - 1, fade=1)

    def grow(self, stage: int, fade: float) -> None:
        """Score the pictures of ``stage`` from now on, faded into those of the stage before."""
        self.stage, self.fade = stage, fade

    def added(self, stage: int) -> Iterator[nn.Parameter]:
        """The parameters of its pictures and its block; the first stage has the score's, too."""
        yield from self.from_rgb[stage].parameters()
        yield from self.blocks[stage].parameters()
        if stage == 0:
            yield from self.score.parameters()
        if self.embed is not None and stage == 0:
            yield from self.embed.parameters()

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores of shape (N,) for pictures of shape (N, C, H, W)."""
        x = self.blocks[self.stage](self.from_rgb[self.stage](images))
        if self.stage and self.fade < 1:
            before = self.from_rgb[self.stage - 1](avg_pool2d(images, 2))
            x = before.lerp(x, self.fade)
        for block in reversed(self.blocks[: self.stage]):
            x = block(x)
        scores: Tensor = self.score(x).flatten()
        if self.embed is not None:
            # Equalised, too: weights of N(0, 1) over the root of the fan-in.
            scores = scores + (self.embed(labels) * x).sum(dim=1) / sqrt(x.shape[1])
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
        f"cannot make pictures of {image.height} x {image.width} pixels, only squares whose side "
        f"is 4 to 7 doubled a few times, up to 1024: the nearest resolutions are {low} and {high}"
    )
