"""The blocks of both networks: the number of feature maps, and where they attend and halve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ganzoo import ImageShape

if TYPE_CHECKING:
    from ganzoo_resnet import ResnetOptions

_CONSTANT_UP_TO = 32
_MAX_FACTOR = 16
_MIN_DISCRIMINATOR_BLOCKS = 5
"""With fewer, the widths would not reach 16 x base_channels."""


@dataclass(frozen=True)
class Block:
    """The output of a residual block."""

    width: int
    """The number of feature maps."""
    height: int
    """Their height in pixels."""
    halves: bool
    """Whether the block halves height and width."""
    attends: bool
    """Whether self-attention follows."""


def generator_widths(options: ResnetOptions, image_shape: ImageShape) -> list[int]:
    """The number of feature maps of the first layer and of each block.

    Raises ValueError if the image's size cannot be reached by doubling.
    """
    base = options.generator_base_channels or options.base_channels
    doublings = len(image_shape.halved_shapes(largest=15)) - 1
    if _is_constant(options, image_shape):
        return [4 * base] * (doublings + 1)
    return [base * min(2**left, _MAX_FACTOR) for left in range(doublings, -1, -1)]


def discriminator_blocks(options: ResnetOptions, image_shape: ImageShape) -> list[Block]:
    """The discriminator's blocks, from the image on."""
    base, doublings = options.base_channels, len(image_shape.halved_shapes(largest=15)) - 1
    if _is_constant(options, image_shape):
        widths, halvings = [2 * base] * 4, min(2, doublings)
    else:
        count = max(_MIN_DISCRIMINATOR_BLOCKS, doublings + 1)
        widths = [base * min(2**number, _MAX_FACTOR) for number in range(count)]
        # The last block does not halve if it does not widen, either.
        halvings = count - (widths[-1] == widths[-2])
    height, width = image_shape.height, image_shape.width
    blocks = []
    for number, channels in enumerate(widths):
        halves = number < halvings and not (height % 2 or width % 2)
        if halves:
            height, width = height // 2, width // 2
        blocks.append(Block(channels, height, halves, halves and height == options.attention))
    return blocks


def require_attention(options: ResnetOptions, image_shape: ImageShape) -> None:
    """Raise ValueError if not both networks have feature maps of the height ``attention``."""
    blocks = discriminator_blocks(options, image_shape)
    generated = {shape.height for shape in image_shape.halved_shapes()[1:]}
    heights = generated & {block.height for block in blocks if block.halves}
    if options.attention is not None and options.attention not in heights:
        listed = ", ".join(map(str, sorted(heights))) or "none"
        raise ValueError(
            f"attention={options.attention}: for images of {image_shape.size} pixels, the heights "
            f"of the feature maps that both networks have are {listed}"
        )


def _is_constant(options: ResnetOptions, image_shape: ImageShape) -> bool:
    if options.widths == "auto":
        return max(image_shape.height, image_shape.width) <= _CONSTANT_UP_TO
    return options.widths == "constant"
