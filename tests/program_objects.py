"""Components as a Python program defines them, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import ganzoo
from ganzoo import Scores


class MyLoss:
    """A loss of mean scores, good enough for a few steps."""

    independent_scores = False

    def discriminator(self, scores: Scores) -> dict[str, Tensor]:
        return {"mine": scores.fake.tanh().mean() - scores.real.tanh().mean()}

    def generator(self, scores: Scores) -> dict[str, Tensor]:
        return {"mine": -scores.fake.tanh().mean()}


class StatefulLoss(MyLoss, nn.Module):
    """A loss whose state changes at each update."""

    def __init__(self) -> None:
        super().__init__()
        self.weight: Tensor
        self.register_buffer("weight", torch.ones(()))

    def generator(self, scores: Scores) -> dict[str, Tensor]:
        self.weight.add_(1.0)
        return {"mine": -self.weight * scores.fake.tanh().mean()}


class Noise:
    """A dataset of random images in two classes."""

    class_names: Sequence[str] = ("dark", "light")
    fingerprint = "noise-of-the-tests"

    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int]:
        random = np.random.default_rng(index)
        label = index % 2
        return random.integers(128 * label, 128 + 128 * label, (8, 8, 3), np.uint8), label


class Invert:
    """Inverts half of the real images."""

    apply_to = "real"

    def sample_parameters(
        self, n: int, image_shape: ganzoo.ImageShape, random: torch.Generator
    ) -> Tensor:
        return torch.randint(0, 2, (n,), generator=random, device=random.device) * 2.0 - 1

    def apply(self, images: Tensor, parameters: Tensor) -> Tensor:
        return images * parameters[:, None, None, None]


class Width(ganzoo.Options):
    """Options of the networks."""

    width: int = 4


class _Line(ganzoo.Generator):
    def __init__(self, width: int, image_shape: ganzoo.ImageShape) -> None:
        super().__init__()
        self.width, self.image = width, image_shape
        self.layer = nn.Linear(width, image_shape.channels * image_shape.height * image_shape.width)

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        images: Tensor = self.layer(latents).tanh()
        return images.view(-1, *self.image)

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, self.width, generator=random, device=random.device)


class _Score(ganzoo.Discriminator):
    def __init__(self, image_shape: ganzoo.ImageShape) -> None:
        super().__init__()
        self.layer = nn.Linear(image_shape.channels * image_shape.height * image_shape.width, 1)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        scores: Tensor = self.layer(images.flatten(1))
        return scores.squeeze(1)


def lines(
    options: Any,
    image_shape: ganzoo.ImageShape,
    condition: ganzoo.Condition | None,
    requirements: ganzoo.LossRequirements,
) -> ganzoo.Networks:
    width = getattr(options, "width", 3)
    return ganzoo.Networks(generator=_Line(width, image_shape), discriminator=_Score(image_shape))


def weights(run: ganzoo.TrainedRun) -> list[Tensor]:
    return [*run.generator.state_dict().values(), *run.discriminator.state_dict().values()]


def same_weights(one: ganzoo.TrainedRun, other: ganzoo.TrainedRun) -> bool:
    pairs = zip(weights(one), weights(other), strict=True)
    return all(torch.equal(first, second) for first, second in pairs)
