"""Adaptive discriminator augmentation, ADA (Karras et al. 2020, arXiv 2006.06676)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor

from ganzoo import ImageShape, Scores, Step
from ganzoo_discriminator_augment import AdaOptions
from ganzoo_discriminator_augment.bands import band_gains, with_band_gains
from ganzoo_discriminator_augment.color import color_matrices
from ganzoo_discriminator_augment.cutout import HALF_CUTOUT, kept_pixels
from ganzoo_discriminator_augment.draws import Draws
from ganzoo_discriminator_augment.geometry import affine_matrices
from ganzoo_discriminator_augment.probability import AdaptiveProbability

_NOISE = 0.1
"""The standard deviation of the standard deviation of the noise."""


class Ada:
    """The transformations of appendix B, each with the probability p times that of its category.

    The geometric ones are one affine matrix and those of colors one color matrix per image; a
    filter of frequency bands, noise and cutout follow. It differs from the paper in the warp, which
    is bilinear without enlarging the image by two before, and in images that are not square, which
    are not turned by 90 but only by 180 degrees. p does not rise above 1.
    """

    apply_to: Literal["all"] = "all"

    def __init__(self, options: AdaOptions) -> None:
        self.options = options
        self.probability = AdaptiveProbability(options)
        self.adapts = options.p is None

    def observe(self, step: Step, scores: Scores) -> None:
        """Adapt p to the scores of real images."""
        self.probability.observe(step, scores)

    def state_dict(self) -> dict[str, Any]:
        """The state of p."""
        return self.probability.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state of p."""
        self.probability.load_state_dict(state)

    def sample_affine(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Flip, rotation, translation, scaling and stretch."""
        p = self.probability.on(random.device)
        return affine_matrices(Draws(n, random), p, self.options, image_shape)

    def sample_color_matrix(self, n: int, channels: int, random: torch.Generator) -> Tensor:
        """Brightness, contrast, luma flip, hue and saturation."""
        p = self.probability.on(random.device) * self.options.color
        return color_matrices(Draws(n, random), p, channels)

    def sample_parameters(self, n: int, image_shape: ImageShape, random: torch.Generator) -> Tensor:
        """Gains of four bands (n, 4), the rectangle (n, 3), and noise (n, C * H * W), in a row."""
        p, draws = self.probability.on(random.device), Draws(n, random)
        gains = band_gains(draws, p * self.options.filter)
        used = draws.is_used(p * self.options.cutout)
        everywhere = torch.ones_like(used)
        center = [draws.uniform(everywhere, 0, 1) for _ in range(2)]
        parameters = [gains, torch.stack((*center, HALF_CUTOUT * used), 1)]
        if self.options.noise:
            std = draws.normal(draws.is_used(p * self.options.noise), _NOISE)
            pixels = torch.Size(image_shape).numel()
            noise = torch.randn(n, pixels, generator=random, device=random.device)
            parameters.append(noise * std[:, None])
        return torch.cat(parameters, 1)

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        """The filtered images with noise added and a rectangle cut out."""
        gains, rectangle, noise = parameters.to(images.dtype).tensor_split((4, 7), 1)
        if self.options.filter:
            images = with_band_gains(images, gains)
        if self.options.noise:
            images = images + noise.view(images.shape)
        if self.options.cutout:
            images = images * kept_pixels(images, rectangle)
        return images
