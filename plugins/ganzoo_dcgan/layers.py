"""The convolutions of DCGAN, with a stride of 2.

Next to an image, which has few channels, torch is slow on CPUs: it computes the image from feature
maps four times as slowly as feature maps from the image. Blocks of 2 x 2 pixels have four times the
channels and need no stride; the convolution is the same.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, pad, pixel_shuffle, pixel_unshuffle

_FEW = 8
"""With fewer channels, blocks of pixels are faster than pixels."""


class DownsamplingConv(nn.Conv2d):
    """A convolution that halves height and width; no bias if a norm follows."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, bias: bool = False) -> None:
        super().__init__(inputs, outputs, kernel, stride=2, padding=(kernel - 1) // 2, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / 2, W / 2); H and W are even."""
        if not (x.requires_grad and _takes_blocks(self, x, self.in_channels)):
            return super().forward(x)
        blocks = pixel_unshuffle(pad(x, (1, 1, 1, 1)), 2)
        return conv2d(blocks, pixel_unshuffle(self.weight, 2), self.bias)


class UpsamplingConv(nn.ConvTranspose2d):
    """A transposed convolution that doubles height and width; no bias if a norm follows."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, bias: bool = False) -> None:
        padding, more = (kernel - 1) // 2, kernel % 2
        super().__init__(inputs, outputs, kernel, 2, padding, output_padding=more, bias=bias)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, 2 H, 2 W)."""
        if not _takes_blocks(self, x, self.out_channels):
            return super().forward(x, output_size)
        bias = None if self.bias is None else self.bias.repeat_interleave(4)
        blocks = conv_transpose2d(x, pixel_unshuffle(self.weight, 2), bias)
        return pixel_shuffle(blocks, 2)[:, :, 1:-1, 1:-1]


def _takes_blocks(layer: nn.Conv2d | nn.ConvTranspose2d, x: Tensor, channels: int) -> bool:
    return x.device.type == "cpu" and channels < _FEW and layer.kernel_size == (4, 4)
