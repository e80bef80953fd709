"""The networks of LadaGAN (Morales-Juarez & Fuentes-Pineda 2024)."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

from torch import Tensor, nn

from ganzoo import (
    Condition,
    ConditionedLatents,
    ConditionEmbedding,
    Discriminator,
    Generator,
    ImageShape,
    LossRequirements,
    Networks,
    norm_layer,
)
from ganzoo_ladagan.layers import DiscriminatorBlock, GeneratorBlock

if TYPE_CHECKING:
    from ganzoo_ladagan import LadaganOptions


def build(
    options: LadaganOptions,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks, initialized: orthogonal weights, biases 0.

    Raises ValueError if the image cannot be halved to 8 to 15 pixels, smaller ones once to 4 to 7,
    and if numbers of channels cannot be divided as the layers need it.
    """
    # 8 x 8 for the paper's images of 32, 64, 128 and 256 pixels.
    smallest = max(4, min(8, image_shape.height // 2, image_shape.width // 2))
    shapes = image_shape.halved_shapes(smallest, largest=15)
    _require_divisible(options, len(shapes))
    generator = LadaganGenerator(options, shapes, condition)
    discriminator = LadaganDiscriminator(
        options, shapes, condition, requirements.norm(options.norm)
    )
    generator.apply(_initialize)
    discriminator.apply(_initialize)
    return Networks(generator=generator, discriminator=discriminator)


class LadaganGenerator(Generator):
    """Projects latents to tokens, then alternates attention blocks and pixel shuffles.

    A learned embedding of the condition is concatenated to the latents, which modulate each block.
    """

    def __init__(
        self, options: LadaganOptions, shapes: list[ImageShape], condition: Condition | None
    ) -> None:
        super().__init__()
        widths = options.channels[: len(shapes)]
        start = shapes[0]
        self.latent_dim = options.latent_dim
        self.conditioned = ConditionedLatents(options.latent_dim, condition)
        inputs = self.conditioned.width
        self.project = nn.Sequential(
            nn.Linear(inputs, start.height * start.width * widths[0], bias=False),
            nn.Unflatten(1, (start.height * start.width, widths[0])),
        )
        self.shapes = shapes[: len(widths)]
        self.blocks = nn.ModuleList(
            GeneratorBlock(
                width, shape.height * shape.width, inputs, options.heads, options.hidden_channels
            )
            for width, shape in zip(widths, self.shapes, strict=True)
        )
        self.upsample = nn.ModuleList(
            nn.Sequential(nn.PixelShuffle(2), _conv(wide // 4, narrow))
            for wide, narrow in pairwise(widths)
        )
        self.head = _head(options.head, widths[-1], len(shapes) - len(widths), start.channels)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images of shape (N, C, H, W), unbounded, from latents of shape (N, latent_dim)."""
        latents = self.conditioned(latents, condition)
        x: Tensor = self.project(latents)
        for number, (block, shape) in enumerate(zip(self.blocks, self.shapes, strict=True)):
            if number:
                x = self.upsample[number - 1](x).flatten(2).transpose(1, 2)
            x = block(x, latents).transpose(1, 2).unflatten(2, (shape.height, shape.width))
        images: Tensor = self.head(x)
        return images


class LadaganDiscriminator(Discriminator):
    """Convolutions to 16 x 16 feature maps, one attention block, and scores of 5 x 5 patches.

    With a condition y, y^T V phi(x) / sqrt(D) is added to each score, where phi(x) are the means of
    D feature maps (Miyato & Koyama 2018, equation 3).
    """

    def __init__(
        self,
        options: LadaganOptions,
        shapes: list[ImageShape],
        condition: Condition | None,
        norm: str,
    ) -> None:
        super().__init__()
        width, tokens = options.discriminator_channels, shapes[1].height * shapes[1].width
        widths = [max(1, width >> halved) for halved in range(len(shapes) - 1)][::-1]
        # Not in the paper, which has batch norm: layer norm removes the scale of each image, so
        # without this bias the discriminator would not see the contrast.
        self.features = nn.Sequential(
            _conv(shapes[0].channels, widths[0], bias=norm != "batch"),
            nn.LeakyReLU(0.2),
            *(DownsamplingBlock(narrow, wide, norm) for narrow, wide in pairwise(widths)),
            DiscriminatorBlock(width, tokens, options.heads, options.hidden_channels),
            nn.PixelUnshuffle(2),
            _conv(4 * width, 2 * width),
            nn.Conv2d(2 * width, 4 * width, 1, bias=False),
            nn.LeakyReLU(0.2),
        )
        self.score = nn.Conv2d(4 * width, 1, 4, bias=False)
        self.embed = ConditionEmbedding(condition, 4 * width) if condition else None

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores of shape (N, K), for K = 25 patches of images of 32, 64 or 128 pixels."""
        features = self.features(images)
        scores: Tensor = self.score(features).flatten(1)
        if self.embed is not None:
            phi = features.mean(dim=(2, 3))
            product = (self.embed(condition) * phi).sum(dim=1, keepdim=True)
            scores = scores + product / sqrt(phi.shape[1])
        return scores


class DownsamplingBlock(nn.Module):
    """The mean of two paths that halve height and width: two convolutions, or pooling and one."""

    def __init__(self, inputs: int, outputs: int, norm: str) -> None:
        super().__init__()
        bias = norm == "none"
        self.convs = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=bias),
            norm_layer(norm, outputs),
            nn.LeakyReLU(0.2),
            _conv(outputs, outputs, bias=bias),
            norm_layer(norm, outputs),
            nn.LeakyReLU(0.2),
        )
        self.pooled = nn.Sequential(
            nn.AvgPool2d(2),
            nn.Conv2d(inputs, outputs, 1, bias=bias),
            norm_layer(norm, outputs),
            nn.LeakyReLU(0.2),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / 2, W / 2)."""
        y: Tensor = (self.convs(x) + self.pooled(x)) / 2
        return y


def _head(kind: str, width: int, doublings: int, channels: int) -> nn.Sequential:
    """The last layers: feature maps of ``width`` channels, doubled in size, to images."""
    if kind == "shuffle":
        return nn.Sequential(nn.PixelShuffle(2**doublings), _conv(width // 4**doublings, channels))
    layers: list[nn.Module] = []
    widths = [width, *(max(4, 32 >> number) for number in range(doublings))]
    for wide, narrow in pairwise(widths):
        layers += [
            nn.Upsample(scale_factor=2),
            _conv(wide, narrow, bias=False),
            nn.BatchNorm2d(narrow),
            nn.LeakyReLU(0.2),
        ]
    return nn.Sequential(*layers, _conv(widths[-1], channels))


def _conv(inputs: int, outputs: int, *, bias: bool = True) -> nn.Conv2d:
    """A 3 x 3 convolution that keeps height and width."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)


def _initialize(layer: nn.Module) -> None:
    """Orthogonal weights and biases of 0, as in the authors' code."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.orthogonal_(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _require_divisible(options: LadaganOptions, stages: int) -> None:
    """Raise ValueError unless heads and pixel shuffles divide the numbers of channels."""
    heads, widths = options.heads, options.channels[:stages]
    for name, width in (
        *(("channels", width) for width in widths),
        ("discriminator_channels", options.discriminator_channels),
    ):
        if width % heads:
            raise ValueError(f"{name}: {width} is not a multiple of {heads}, the number of heads")
    for width in widths[:-1]:
        if width % 4:
            raise ValueError(f"channels: {width} is not a multiple of 4, which pixel shuffles need")
    area = 4 ** (stages - len(widths))
    if options.head == "shuffle" and widths[-1] % area:
        raise ValueError(
            f"channels: {widths[-1]}, the last one, is not a multiple of {area}, which the pixel "
            "shuffle to the image's size needs: use head=conv"
        )
