"""Layers of the generator: gated units, upsampling blocks and skip-layer excitation."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, glu

from ganzoo import ImageShape, SpectralConv


class Gated(nn.Module):
    """A convolution or projection to twice the channels, batch norm, then a gated linear unit."""

    def __init__(self, layer: nn.Module, outputs: int) -> None:
        super().__init__()
        self.layer = layer
        self.norm = nn.BatchNorm2d(2 * outputs)

    def forward(self, x: Tensor) -> Tensor:
        """GLU(norm(layer(x))), (N, outputs, H, W)."""
        return glu(self.norm(self.layer(x)), dim=1)


class Projection(nn.Module):
    """Latents (N, latent_dim) to the first maps (N, outputs, height, width)."""

    def __init__(self, latent_dim: int, outputs: int, shape: ImageShape) -> None:
        super().__init__()
        self.shape = (outputs, shape.height, shape.width)
        self.layer = SpectralConv(latent_dim, outputs * shape.height * shape.width, 1)

    def forward(self, latents: Tensor) -> Tensor:
        """The maps."""
        maps: Tensor = self.layer(latents[:, :, None, None]).view(-1, *self.shape)
        return maps


class Upsampling(nn.Sequential):
    """Doubles height and width by repeating pixels, then one or two gated convolutions."""

    def __init__(self, inputs: int, outputs: int, convolutions: int) -> None:
        layers: list[nn.Module] = [nn.Upsample(scale_factor=2)]
        for number in range(convolutions):
            conv = SpectralConv(outputs if number else inputs, 2 * outputs, 3, padding=1)
            layers.append(Gated(conv, outputs))
        super().__init__(*layers)


class SkipLayerExcitation(nn.Module):
    """Factors in (0, 1) for the channels of large maps, from small ones (Liu et al. 2021, eq. 1).

    The small maps are pooled to the size of the generator's first maps, 4 x 4 in the paper.
    """

    def __init__(self, inputs: int, outputs: int, shape: ImageShape, pool: int) -> None:
        super().__init__()
        self.pool = pool
        self.layers = nn.Sequential(
            SpectralConv(inputs, outputs, (shape.height, shape.width)),
            nn.SiLU(),
            SpectralConv(outputs, outputs, 1),
            nn.Sigmoid(),
        )

    def forward(self, small: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, 1, 1)."""
        factors: Tensor = self.layers(avg_pool2d(small, self.pool))
        return factors
