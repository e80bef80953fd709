"""A plugin of tiny components, for whatever part of a run a check does not name.

It is loaded as a local file, so that a run that was made with it can be opened by every command.
"""

from __future__ import annotations

from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, softplus

from ganzoo import (
    ArchitectureSpec,
    Condition,
    ConditionEmbedding,
    ConditionEstimator,
    DatasetSpec,
    Discriminator,
    ExtractorSpec,
    Generator,
    ImageSet,
    ImageShape,
    LossRequirements,
    LossSpec,
    MetricSpec,
    MetricValue,
    Networks,
    Options,
    Scores,
    Terms,
    hookimpl,
)


class Noise:
    """16 images of 16 x 16 pixels, in two classes."""

    class_names = ("dark", "bright")
    fingerprint = "noise-1"

    def __init__(self, options: Options) -> None: ...

    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int]:
        label = index % 2
        noise = np.random.default_rng(index).integers(128, size=(16, 16, 3))
        return (noise + 127 * label).astype(np.uint8), label


class TinyGenerator(Generator):
    """Two layers from latents in the shape of the images, and a condition, to images."""

    def __init__(self, image_shape: ImageShape, condition: Condition | None) -> None:
        super().__init__()
        self.image_shape = image_shape
        self.embedding = ConditionEmbedding(condition, 8) if condition else None
        self.first = nn.Linear(prod(image_shape), 8)
        self.last = nn.Linear(8, prod(image_shape))

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Normal latents, (n, C, H, W)."""
        return torch.randn(n, *self.image_shape, generator=random, device=random.device)

    def map(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Intermediate latents, (N, 8)."""
        hidden: Tensor = self.first(latents.flatten(1))
        if self.embedding is not None:
            hidden = hidden + self.embedding(condition)
        return leaky_relu(hidden, 0.2)

    def synthesize(self, intermediate: Tensor) -> Tensor:
        """Images, (N, C, H, W)."""
        images: Tensor = self.last(intermediate).tanh().view(-1, *self.image_shape)
        return images

    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images, (N, C, H, W)."""
        return self.synthesize(self.map(latents, condition))


class TinyDiscriminator(Discriminator):
    """Two layers from an image to its score."""

    def __init__(self, image_shape: ImageShape, condition: Condition | None) -> None:
        super().__init__()
        self.embedding = ConditionEmbedding(condition, 8) if condition else None
        self.first = nn.Linear(prod(image_shape), 8)
        self.last = nn.Linear(8, 1)
        self.gain = nn.Parameter(torch.ones(()))
        self.estimator = ConditionEstimator(condition, 8) if condition else None

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores, (N,)."""
        hidden: Tensor = self.first(images.flatten(1))
        if self.embedding is not None:
            hidden = hidden + self.embedding(condition)
        scores: Tensor = self.last(leaky_relu(hidden, 0.2)).flatten()
        return scores

    def condition_error(self, images: Tensor, condition: Tensor) -> Tensor:
        """The error of the condition that is estimated from the first layer, (N,)."""
        assert self.estimator is not None
        error: Tensor = self.estimator(self.first(images.flatten(1)), condition)
        return error

    def reconstruct(self, images: Tensor, number: int) -> list[tuple[Tensor, Tensor]]:
        """The images times a number that is learned, and the images."""
        return [(self.gain * images, images)]


def build(
    options: Options,
    *,
    image_shape: ImageShape,
    condition: Condition | None,
    requirements: LossRequirements,
) -> Networks:
    """Both networks, for every shape and condition."""
    return Networks(
        generator=TinyGenerator(image_shape, condition),
        discriminator=TinyDiscriminator(image_shape, condition),
    )


class Softplus:
    """The loss of Goodfellow et al. 2014, with the generator's second form."""

    independent_scores = False

    def __init__(self, options: Options) -> None: ...

    def discriminator(self, scores: Scores) -> Terms:
        """One term."""
        return {"score": softplus(scores.fake).mean() + softplus(-scores.real).mean()}

    def generator(self, scores: Scores) -> Terms:
        """One term."""
        return {"score": softplus(-scores.fake).mean()}


class MeanColors:
    """The mean color of an image of one or three channels, as features."""

    identity = "mean-colors-1"

    def __init__(self, options: Options) -> None: ...

    def __call__(self, images: Tensor) -> Tensor:
        """Features, (N, 3)."""
        return images.float().mean((2, 3)).expand(len(images), 3)


class FeatureDistance:
    """The distance of the mean features."""

    def __init__(self, options: Options) -> None: ...

    def __call__(self, real: ImageSet, fake: ImageSet) -> dict[str, MetricValue]:
        """One value."""
        distance = (real.features.mean(0) - fake.features.mean(0)).norm()
        return {"feature-distance": MetricValue(float(distance), len(fake))}


@hookimpl
def ganzoo_datasets() -> list[DatasetSpec]:
    """One dataset."""
    return [DatasetSpec(name="noise", summary="16 images of noise.", factory=Noise)]


@hookimpl
def ganzoo_architectures() -> list[ArchitectureSpec]:
    """One architecture."""
    return [
        ArchitectureSpec(
            name="two-layers",
            summary="Two layers.",
            factory=build,
            conditions=("class", "classes", "vector"),
        )
    ]


@hookimpl
def ganzoo_losses() -> list[LossSpec]:
    """One loss."""
    return [LossSpec(name="softplus", summary="Softplus of the scores.", factory=Softplus)]


@hookimpl
def ganzoo_extractors() -> list[ExtractorSpec]:
    """One extractor."""
    return [ExtractorSpec(name="mean-colors", summary="The mean colors.", factory=MeanColors)]


@hookimpl
def ganzoo_metrics() -> list[MetricSpec]:
    """One metric."""
    return [
        MetricSpec(
            name="feature-distance",
            summary="Distance of means.",
            factory=FeatureDistance,
            goal="low",
        )
    ]
