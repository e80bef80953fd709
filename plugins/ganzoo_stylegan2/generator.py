"""The generator of Karras et al. 2020: a mapping network and a synthesis network."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo import Condition, ConditionEmbedding, EqualizedLinear, Generator, ImageShape
from ganzoo_stylegan2.layers import Filter, activate, normalize
from ganzoo_stylegan2.modulation import Block, StyledLayer, ToRgb

if TYPE_CHECKING:
    from ganzoo_stylegan2 import StyleGan2Options

LR_MULTIPLIER = 0.01
"""Factor of the learning rate of the mapping network (Karras et al. 2019, appendix C)."""


class Mapping(nn.Module):
    """Dense layers from normalized latents to intermediate latents.

    The normalized embedding of a class is concatenated to the latents (Karras et al. 2020, arXiv
    2006.06676, appendix). That of several classes or values is not normalized: its length says how
    large they are.
    """

    def __init__(self, options: StyleGan2Options, condition: Condition | None) -> None:
        super().__init__()
        dim = options.latent_dim
        self.embed = ConditionEmbedding(condition, dim) if condition else None
        self.is_class = condition is not None and condition.kind == "class"
        widths = [dim * (1 + bool(condition))] + [dim] * options.mapping_layers
        self.layers = nn.ModuleList(
            EqualizedLinear(*pair, lr_multiplier=LR_MULTIPLIER) for pair in pairwise(widths)
        )

    def forward(self, z: Tensor, condition: Tensor | None) -> Tensor:
        """(N, latent_dim) to (N, latent_dim), or (N, 2, latent_dim) to (N, 2, latent_dim)."""
        x = normalize(z)
        if self.embed is not None:
            embedded = self.embed(condition)
            if self.is_class:
                embedded = normalize(embedded)
            x = torch.cat((x, embedded if z.ndim == 2 else embedded[:, None].expand_as(z)), dim=-1)
        for layer in self.layers:
            x = activate(layer(x))
        return x


class StyleGan2Generator(Generator):
    """Maps latents to intermediate latents, and these to images; two layers per resolution.

    The intermediate latents have one vector for each layer. The image is the sum of the upsampled
    images of all resolutions ("skip"), or that of the last one of residual blocks ("residual"). It
    is not bounded.
    """

    def __init__(
        self,
        options: StyleGan2Options,
        stages: list[ImageShape],
        widths: list[int],
        condition: Condition | None,
    ) -> None:
        super().__init__()
        dim, first, residual = options.latent_dim, stages[0], options.generator == "residual"
        self.latent_dim = dim
        self.style_mixing = options.style_mixing
        self.count = 2 * len(stages)
        """The number of vectors in an intermediate latent."""
        self.mapping = Mapping(options, condition)
        self.constant = nn.Parameter(torch.randn(1, widths[0], first.height, first.width))
        self.first = StyledLayer(widths[0], widths[0], dim, first, 0, up=False, noise=options.noise)
        self.blocks = nn.ModuleList(
            Block(*pair, dim, stage, number, residual=residual, noise=options.noise)
            for pair, stage, number in zip(
                pairwise(widths), stages[1:], range(1, self.count, 2), strict=False
            )
        )
        self.to_rgb = nn.ModuleList(
            ToRgb(width, first.channels, dim) for width in (widths[-1:] if residual else widths)
        )
        self.filter = Filter()

    def sample_training_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Two normal latents of each image, (n, 2, latent_dim + 1), for style mixing.

        With the probability ``style_mixing``, the layers from a random one on use the second latent
        (Karras et al. 2019, arXiv 1812.04948, section 3.1). The last number of the second latent is
        that layer, or the number of layers if there is none.
        """
        if self.style_mixing == 0:
            return self.sample_latents(n, random)
        latents = torch.randn(n, 2, self.latent_dim + 1, generator=random, device=random.device)
        chance, place = torch.rand(2, n, generator=random, device=random.device)
        start = 1 + (place * (self.count - 1)).floor()
        latents[:, 0, -1] = 0
        latents[:, 1, -1] = torch.where(chance < self.style_mixing, start, self.count)
        return latents

    def map(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Intermediate latents, (N, layers, latent_dim), of latents (N, latent_dim).

        Also of those of ``sample_training_latents``.
        """
        if latents.ndim == 2:
            shared: Tensor = self.mapping(latents, condition)
            return shared[:, None].expand(-1, self.count, -1)
        w: Tensor = self.mapping(latents[..., :-1], condition)
        layer = torch.arange(self.count, device=latents.device)
        is_second = (layer >= latents[:, 1, -1:])[..., None]
        return torch.where(is_second, w[:, 1:], w[:, :1])

    def synthesize(self, intermediate: Tensor) -> Tensor:
        """Images, (N, C, H, W), of intermediate latents, (N, layers, latent_dim)."""
        w = intermediate.unbind(1)
        maps = [self.first(self.constant.expand(intermediate.shape[0], -1, -1, -1), w[0])]
        for block, pair in zip(self.blocks, zip(w[1::2], w[2::2], strict=False), strict=True):
            maps.append(block(maps[-1], pair))
        # The image of a resolution shares the vector of the next resolution's first layer.
        count = len(self.to_rgb)
        image: Tensor | None = None
        for to_rgb, x, vector in zip(self.to_rgb, maps[-count:], w[1::2][-count:], strict=True):
            rgb = to_rgb(x, vector)
            image = rgb if image is None else rgb + self.filter.upsample(image)
        assert image is not None
        return image

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images, (N, C, H, W), unbounded."""
        return self.synthesize(self.map(latents, condition))
