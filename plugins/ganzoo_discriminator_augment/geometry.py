"""The geometric transformations of adaptive discriminator augmentation, as affine matrices."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganzoo import ImageShape
from ganzoo_discriminator_augment import AdaOptions
from ganzoo_discriminator_augment.draws import Draws

_SHIFT = 0.125
"""The largest translation by whole pixels, and the standard deviation of other translations."""
_SCALE = 0.2
"""The standard deviation of the binary logarithm of scales."""


def affine_matrices(
    draws: Draws, p: Tensor, options: AdaOptions, image_shape: ImageShape
) -> Tensor:
    """The transformations of appendix B in the order of the paper, multiplied, (n, 3, 3).

    The coordinates are those of :meth:`ganzoo.GeometricAugmentation.sample_affine`.
    """
    whole = _whole_pixels(draws, p, options, image_shape)
    return _general(draws, p * options.geometry, image_shape) @ whole


def _whole_pixels(draws: Draws, p: Tensor, options: AdaOptions, image_shape: ImageShape) -> Tensor:
    """Flip, rotation by multiples of 90 degrees, translation by whole pixels."""
    flip = 1 - 2 * draws.choice(draws.is_used(p * options.flip), 2)
    is_square = image_shape.height == image_shape.width
    turns = draws.choice(draws.is_used(p * options.rotate_90), 4 if is_square else 2)
    angle = turns * (math.pi / 2 if is_square else math.pi)
    # Exact 0 and 1, so that no pixel is interpolated.
    cos, sin = angle.cos().round(), angle.sin().round()
    used = draws.is_used(p * options.shift)
    unit = 2 / image_shape.height
    x, y = (
        (draws.uniform(used, -_SHIFT, _SHIFT) * side).round() * unit
        for side in (image_shape.width, image_shape.height)
    )
    return _matrix(cos * flip, -sin, sin * flip, cos, x, y)


def _general(draws: Draws, p: Tensor, image_shape: ImageShape) -> Tensor:
    """Scaling, rotation before and after a stretch, and translation by fractions of pixels."""
    scale = draws.factor(draws.is_used(p), _SCALE)
    # With this probability for each, an image is rotated at all with the probability p.
    p_rotation = 1 - (1 - p).sqrt()
    first, second = (draws.uniform(draws.is_used(p_rotation), -math.pi, math.pi) for _ in range(2))
    stretch = draws.factor(draws.is_used(p), _SCALE)
    used = draws.is_used(p)
    x, y = (draws.normal(used, _SHIFT) * 2 * side for side in (image_shape.aspect, 1.0))
    zero = torch.zeros_like(scale)
    stretched = _matrix(scale * stretch, zero, zero, scale / stretch, zero, zero)
    return _rotation(second, x, y) @ stretched @ _rotation(first, zero, zero)


def _rotation(angle: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Rotation about the center, then translation."""
    return _matrix(angle.cos(), -angle.sin(), angle.sin(), angle.cos(), x, y)


def _matrix(xx: Tensor, xy: Tensor, yx: Tensor, yy: Tensor, x: Tensor, y: Tensor) -> Tensor:
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    return torch.stack((xx, xy, x, yx, yy, y, zero, zero, one), 1).view(-1, 3, 3)
