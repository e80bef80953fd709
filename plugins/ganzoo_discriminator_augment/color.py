"""The color transformations of adaptive discriminator augmentation, as matrices."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import pad

from ganzoo_discriminator_augment.draws import Draws

_BRIGHTNESS, _CONTRAST, _SATURATION = 0.2, 0.5, 1.0
"""Standard deviations; the last two are of binary logarithms."""


def color_matrices(draws: Draws, p: Tensor, channels: int) -> Tensor:
    """The transformations of appendix B in the order of the paper, multiplied, (n, C + 1, C + 1).

    These are brightness, contrast, luma flip, hue rotation and saturation. With 1 channel, the
    last two are left out, because gray has neither; with 2, or more than 3, also the luma flip,
    because it is not known what the channels mean.
    """
    brightness = draws.normal(draws.is_used(p), _BRIGHTNESS)
    contrast = draws.factor(draws.is_used(p), _CONTRAST)
    mixing = torch.eye(channels, device=contrast.device) * contrast[:, None, None]
    if channels in (1, 3):
        mixing = _luma_flip(draws, p, channels) @ mixing
    if channels == 3:
        mixing = _saturation(draws, p) @ _hue(draws, p) @ mixing
    offset = mixing.sum(2, keepdim=True) * brightness[:, None, None]
    matrix = pad(torch.cat((mixing, offset), 2), (0, 0, 0, 1))
    matrix[:, -1, -1] = 1
    return matrix


def _luma_flip(draws: Draws, p: Tensor, channels: int) -> Tensor:
    """I - 2 v v^T, a reflection that turns light into dark, with a probability of one half."""
    flip = draws.choice(draws.is_used(p), 2)[:, None, None]
    return torch.eye(channels, device=flip.device) - 2 * flip * _luma(channels, flip.device)


def _hue(draws: Draws, p: Tensor) -> Tensor:
    """Rotation of RGB about the luma axis v by any angle (Rodrigues' formula)."""
    angle = draws.uniform(draws.is_used(p), -math.pi, math.pi)[:, None, None]
    luma = _luma(3, angle.device)
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]], device=angle.device) / 3**0.5
    identity = torch.eye(3, device=angle.device)
    return luma + angle.cos() * (identity - luma) + angle.sin() * cross


def _saturation(draws: Draws, p: Tensor) -> Tensor:
    """Scaling of the distance from gray: v v^T + s (I - v v^T)."""
    s = draws.factor(draws.is_used(p), _SATURATION)[:, None, None]
    luma = _luma(3, s.device)
    return luma + s * (torch.eye(3, device=s.device) - luma)


def _luma(channels: int, device: torch.device) -> Tensor:
    """The mean over the channels: v v^T for the luma axis v, the diagonal of the color cube."""
    return torch.full((channels, channels), 1 / channels, device=device)
