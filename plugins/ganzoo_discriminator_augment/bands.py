"""Amplifying the frequency bands of images."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ganzoo_discriminator_augment.draws import Draws

_POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)
"""The fraction of a natural image's power in each band (Karras et al. 2020, appendix B)."""
_GAIN = 1.0
"""The standard deviation of the binary logarithm of gains."""


def band_gains(draws: Draws, p: Tensor) -> Tensor:
    """The gain of each frequency band, (n, 4); each band is changed with the probability p.

    The other bands are changed so that the power of a natural image stays the same.
    """
    power = torch.tensor(_POWER, device=p.device)
    gains = torch.ones(draws.n, len(_POWER), device=p.device)
    for band in range(len(_POWER)):
        t = torch.ones_like(gains)
        t[:, band] = draws.factor(draws.is_used(p), _GAIN)
        gains = gains * t / (power * t.square()).sum(1, keepdim=True).sqrt()
    return gains


def with_band_gains(images: Tensor, gains: Tensor) -> Tensor:
    """Images with these gains (N, 4) of the bands below 1/8, 1/4, 1/2 and 1 of their resolution.

    Rows and columns are filtered one after the other. Images are continued by reflection, so the
    filter is a product in the frequencies of the discrete cosine transform.
    """
    rows, columns = (_filter(side, gains)[:, None] for side in images.shape[2:])
    return rows @ images @ columns


def _filter(length: int, gains: Tensor) -> Tensor:
    """The filter of ``length`` pixels as symmetric matrices, (N, length, length)."""
    cosines = _cosine_transform(length, gains)
    matrices: Tensor = cosines.T @ ((gains @ _responses(length, gains))[:, :, None] * cosines)
    return matrices


def _cosine_transform(length: int, like: Tensor) -> Tensor:
    """The orthogonal matrix of the discrete cosine transform; row k has the frequency k."""
    pixels = torch.arange(length, dtype=like.dtype, device=like.device)
    matrix: Tensor = (math.pi / length * pixels[:, None] * (pixels + 0.5)).cos() * (
        2 / length
    ) ** 0.5
    matrix[0] /= 2**0.5
    return matrix


def _responses(length: int, like: Tensor) -> Tensor:
    """The response of each band's filter to the frequencies, (4, length); their sum is 1."""
    w = math.pi / length * torch.arange(length, dtype=like.dtype, device=like.device)
    low, low2, low4 = _low_pass(w), _low_pass(2 * w), _low_pass(4 * w)
    return torch.stack((low * low2 * low4, low * low2 * (1 - low4), low * (1 - low2), 1 - low))


def _low_pass(w: Tensor) -> Tensor:
    """H(z) H(1/z) / 2 of the wavelet sym2, at z = exp(i w)."""
    response: Tensor = (8 + 9 * w.cos() - (3 * w).cos()) / 16
    return response
