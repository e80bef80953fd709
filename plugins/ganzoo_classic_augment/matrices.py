"""Affine matrices (n, 3, 3) from n parameters.

The origin is the center, x points right and y down, and the unit is half the image's height.
"""

from __future__ import annotations

import torch
from torch import Tensor


def translation(x: Tensor, y: Tensor) -> Tensor:
    """Translation by ``x`` to the right and ``y`` down, in half heights."""
    matrix = _identity(x)
    matrix[:, 0, 2] = x
    matrix[:, 1, 2] = y
    return matrix


def scaling(x: Tensor, y: Tensor) -> Tensor:
    """Scaling about the center by ``x`` in width and ``y`` in height."""
    matrix = _identity(x)
    matrix[:, 0, 0] = x
    matrix[:, 1, 1] = y
    return matrix


def rotation(angle: Tensor) -> Tensor:
    """Rotation about the center in radians, clockwise since y points down."""
    matrix = _identity(angle)
    matrix[:, 0, 0] = matrix[:, 1, 1] = angle.cos()
    matrix[:, 0, 1] = -angle.sin()
    matrix[:, 1, 0] = angle.sin()
    return matrix


def shear(tangent: Tensor) -> Tensor:
    """Horizontal shear: x + ``tangent`` * y."""
    matrix = _identity(tangent)
    matrix[:, 0, 1] = tangent
    return matrix


def _identity(parameters: Tensor) -> Tensor:
    return torch.eye(3, device=parameters.device).repeat(len(parameters), 1, 1)
