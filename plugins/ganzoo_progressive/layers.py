"""The layers of Karras et al. 2017: equalized weights, pixel norm, minibatch standard deviation.

Statistics are computed in float32, also under autocast.
"""

from __future__ import annotations

from math import prod, sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

EPSILON = 1e-8


class EqualizedLinear(nn.Linear):
    """A dense layer whose weights are stored as N(0, 1) and scaled when used (section 4.1).

    The scale is ``gain / sqrt(fan-in)``, as in He et al. 2015. Adam's steps of the stored weights
    are equally large in all layers, so that all layers learn at the same speed.
    """

    def __init__(self, inputs: int, outputs: int, *, gain: float = sqrt(2)) -> None:
        super().__init__(inputs, outputs)
        self.scale = gain / sqrt(inputs)

    def reset_parameters(self) -> None:
        """Draw new weights; biases are zero."""
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs) to (N, outputs)."""
        return linear(x, self.weight * self.scale, self.bias)


class EqualizedProjection(EqualizedLinear):
    """The generator's first layer: latents as a 1 x 1 image, convolved to H x W.

    It is computed as a dense layer. The fan-in is that of the paper's convolution, ``latent_dim *
    height * width``.
    """

    def __init__(self, latent_dim: int, maps: int, height: int, width: int) -> None:
        pixels = height * width
        super().__init__(latent_dim, maps * pixels, gain=sqrt(2 / pixels))
        self.shape = (maps, height, width)
        self.bias = nn.Parameter(torch.zeros(maps))

    def forward(self, x: Tensor) -> Tensor:
        """(N, latent_dim) to (N, maps, height, width); one bias per feature map."""
        maps: Tensor = linear(x, self.weight * self.scale).unflatten(1, self.shape)
        return maps + self.bias[:, None, None]


class EqualizedConv(nn.Conv2d):
    """A convolution with equalized weights, see :class:`EqualizedLinear`."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int | tuple[int, int],
        *,
        padding: int = 0,
        gain: float = sqrt(2),
    ) -> None:
        super().__init__(inputs, outputs, kernel, padding=padding)
        self.scale = gain / sqrt(inputs * prod(self.kernel_size))

    def reset_parameters(self) -> None:
        """Draw new weights; biases are zero."""
        nn.init.normal_(self.weight)
        assert self.bias is not None
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H', W')."""
        return conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)


class PixelNorm(nn.Module):
    """Normalizes the feature vector of each pixel to a mean square of 1 (section 4.2)."""

    def forward(self, x: Tensor) -> Tensor:
        """B = a / sqrt(mean(a^2) + epsilon), the mean over the C channels of (N, C, ...)."""
        a = _at_least_float32(x)
        b = a * torch.rsqrt(a.square().mean(dim=1, keepdim=True) + EPSILON)
        return b.to(x.dtype)


def _at_least_float32(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))
