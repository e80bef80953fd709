"""What the factory of an architecture gets and returns."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from ganzoo.contracts.images import ImageShape
from ganzoo.contracts.losses import WeightConstraint
from ganzoo.contracts.methods import AnyLoss, Method, Regularizer


@dataclass(frozen=True, kw_only=True)
class LossRequirements:
    """What a loss requires of the networks."""

    independent_scores: bool = False
    """An image's score must not depend on the rest of the batch: no batch statistics."""
    constrained_weights: bool = False
    """The loss keeps the discriminator's weights small. Networks that scale their weights (with an
    equalized learning rate) cannot learn then, and should refuse it.
    """
    estimated_condition: bool = False
    """A conditional run needs an :class:`~ganzoo.EstimatingDiscriminator`, for a regularizer."""

    @classmethod
    def of(cls, loss: AnyLoss, regularizers: Iterable[Regularizer] = ()) -> LossRequirements:
        """The requirements of a loss and of these regularizers."""
        parts = (loss, *regularizers)
        return cls(
            independent_scores=any(part.independent_scores for part in parts),
            constrained_weights=isinstance(loss, WeightConstraint) and not isinstance(loss, Method),
            estimated_condition=any(getattr(part, "estimated_condition", False) for part in parts),
        )

    def norm(self, requested: str) -> str:
        """The normalization to use in the discriminator.

        ``"auto"`` returns ``"layer"`` if the loss needs independent scores, else ``"batch"``. Any
        other name is returned as it is; ``"batch"`` warns if the loss needs independent scores.
        """
        if requested == "auto":
            return "layer" if self.independent_scores else "batch"
        if requested == "batch" and self.independent_scores:
            warnings.warn(
                'norm="batch" makes an image\'s score depend on its batch, but the loss or a '
                "regularizer penalizes the gradient of each image's own score: the penalty will "
                'not be the paper\'s; use norm="auto"',
                stacklevel=2,
            )
        return requested


class Generator(nn.Module, ABC):
    """A network from latents to images."""

    latent_dim: int
    """The length of a latent; not needed if ``sample_latents`` is overridden."""
    plugin_code: AbstractContextManager[None] = nullcontext()

    @abstractmethod
    def forward(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Images, float (N, C, H, W), black -1 and white 1.

        ``condition`` has one row per image, see :class:`~ganzoo.Condition`; it is ``None`` unless
        the factory got a condition. Images outside [-1, 1] are clipped when shown or saved.
        """
        raise NotImplementedError

    def sample_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Draw ``n`` normal latents, float32 (n, latent_dim), on the device of ``random``.

        Override it for latents of another shape (n, ...) or another distribution. They must depend
        on ``random`` alone, not on a global generator. Those of a class are made in ``forward``.
        """
        return torch.randn(n, self.latent_dim, generator=random, device=random.device)

    def __call__(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """Call ``forward``; during a run an error in it is raised as a PluginError."""
        with self.plugin_code:
            images: Tensor = super().__call__(latents, condition)
            return images


@runtime_checkable
class MappingGenerator(Protocol):
    """A generator that maps latents to intermediate latents first, as StyleGAN's does.

    ``forward(latents, condition)`` is ``synthesize(map(latents, condition))``.
    """

    def map(self, latents: Tensor, condition: Tensor | None = None) -> Tensor:
        """The intermediate latents, (N, ...)."""
        ...

    def synthesize(self, intermediate: Tensor) -> Tensor:
        """The images of intermediate latents, float (N, C, H, W)."""
        ...


@runtime_checkable
class TrainingLatents(Protocol):
    """A generator that is trained with other latents than it is used with.

    Style mixing (Karras et al. 2019, arXiv 1812.04948, section 3.1) is an example: during training
    some images have two latents.
    """

    def sample_training_latents(self, n: int, random: torch.Generator) -> Tensor:
        """Draw ``n`` latents for training, (n, ...), on the device of ``random``."""
        ...


class Discriminator(nn.Module, ABC):
    """A network from images to raw scores (no sigmoid); a high score means real."""

    plugin_code: AbstractContextManager[None] = nullcontext()

    @abstractmethod
    def forward(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Scores, float (N,) or (N, K), of images (N, C, H, W).

        K scores of an image are those of patches, scales or feature maps.

        ``condition`` has one row per image, see :class:`~ganzoo.Condition`; it is ``None`` unless
        the factory got a condition.
        """
        raise NotImplementedError

    def __call__(self, images: Tensor, condition: Tensor | None = None) -> Tensor:
        """Call ``forward``; during a run an error in it is raised as a PluginError."""
        with self.plugin_code:
            scores: Tensor = super().__call__(images, condition)
            return scores


@runtime_checkable
class EstimatingDiscriminator(Protocol):
    """A discriminator that also estimates the condition of an image, as AC-GAN's does.

    Networks need it only if ``requirements.estimated_condition``.
    """

    def condition_error(self, images: Tensor, condition: Tensor) -> Tensor:
        """How wrong the conditions are that it estimates from the images alone, float32 (N,).

        :class:`~ganzoo.ConditionEstimator` computes it from features.
        """
        ...


@runtime_checkable
class ReconstructingDiscriminator(Protocol):
    """A discriminator that reconstructs images from its features, as FastGAN's does.

    A regularizer trains it by the distances of the reconstructions.
    """

    def reconstruct(self, images: Tensor, number: int) -> Sequence[tuple[Tensor, Tensor]]:
        """Pairs of a reconstruction and the image that it should equal, both (N, C, H', W').

        They may show parts of the images, or smaller copies. Which ones may depend on ``number``,
        the number of the update.
        """
        ...


@runtime_checkable
class GrowingNetwork(Protocol):
    """A generator or discriminator that starts at a low resolution and grows stage by stage.

    All of its layers exist from the start. A new network is at its last stage, with fade 1. Either
    both networks of a run grow, through the same stages, or neither does.
    """

    @property
    def stages(self) -> Sequence[ImageShape]:
        """The image shape of each stage, ascending; the last one is the image shape of the run.

        :meth:`ImageShape.halved_shapes` returns them.
        """
        ...

    def grow(self, stage: int, fade: float) -> None:
        """Set the stage, counted from 0, and how far its new layers are faded in, from 0 to 1.

        At fade 0 the network computes the same as at the previous stage: a generator returns the
        previous stage's images with each pixel repeated 2 x 2 times, a discriminator scores its
        images after averaging blocks of 2 x 2 pixels. Stage 0 has no fade.
        """
        ...

    def stage_parameters(self, stage: int) -> Iterable[nn.Parameter]:
        """The parameters that are new in ``stage``. Each parameter belongs to one stage."""
        ...


@dataclass(frozen=True, kw_only=True)
class Networks:
    """The networks of a run: a generator, a discriminator, and any others."""

    generator: Generator
    """From latents to images."""
    discriminator: Discriminator
    """From images to scores."""
    others: Mapping[str, nn.Module] = field(default_factory=dict)
    """More networks by name, for a method that trains them."""
    ema: Sequence[str] = ()
    """The names of those ``others`` that have an EMA, as the generator has.

    One with batch norm must be a :class:`Generator`, whose latents its batch statistics need.
    """
    batch_dependent_scores: bool = False
    """Whether an image's score depends on the rest of the batch by design, as with minibatch
    standard deviation (Karras et al. 2017), even if the loss needs independent scores.

    If it contains :class:`~ganzoo.MinibatchStddev`, no other layer may compare images: that layer
    knows which images of a pass are of one batch.
    """

    def by_name(self) -> dict[str, nn.Module]:
        """All networks by name, ``generator`` and ``discriminator`` first."""
        return {"generator": self.generator, "discriminator": self.discriminator, **self.others}
