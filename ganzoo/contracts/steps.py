"""What a phase gets for one update: real and generated images, scores, random numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor, nn

from ganzoo.contracts.losses import Scores

if TYPE_CHECKING:
    from ganzoo.schedule import Schedule


@dataclass(frozen=True, eq=False)
class RealImages:
    """This process's part of a batch of real images."""

    images: Tensor
    """float32 (N, C, H, W) in [-1, 1], at the resolution of the stage."""
    condition: Tensor | None
    """Their classes or values, (N,) or (N, D); ``None`` if the networks are not conditional."""


@dataclass(frozen=True, eq=False)
class Fake:
    """Generated images, and what they were generated from."""

    images: Tensor
    """float32 (N, C, H, W)."""
    latents: Tensor
    """(N, ...), as the generator's ``sample_latents`` or ``sample_training_latents`` returned."""
    condition: Tensor | None
    """The conditions that the generator got; ``None`` if it is not conditional."""
    intermediate: Tensor | None = None
    """The intermediate latents of a :class:`~ganzoo.MappingGenerator`; ``None`` of others."""

    def detached(self) -> Fake:
        """The same without gradients."""
        w = self.intermediate
        return Fake(
            self.images.detach(),
            self.latents.detach(),
            self.condition,
            None if w is None else w.detach(),
        )


class Step(Protocol):
    """Everything that the terms of one update are computed from.

    A new one is made for each update. ``real``, ``fake`` and ``scores`` are computed on first
    access and are the same for all terms of the update. All random numbers depend on the seed,
    the phase and the number of the update only, and are drawn for the whole batch, so they do not
    depend on the number of processes. N is the number of images in this process.
    """

    @property
    def phase(self) -> str:
        """The name of the phase."""
        ...

    @property
    def updated(self) -> tuple[str, ...]:
        """The names of the networks that this update trains."""
        ...

    @property
    def number(self) -> int:
        """The number of updates of this phase before this one."""
        ...

    @property
    def step(self) -> int:
        """The number of completed steps."""
        ...

    @property
    def images_seen(self) -> int:
        """Real images seen so far over all processes, with those of this update."""
        ...

    @property
    def progress(self) -> float:
        """The completed fraction of the run, from 0 to 1."""
        ...

    @property
    def batch_size(self) -> int:
        """The number of images in the batch, over all processes."""
        ...

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """All networks of the run at their present stage, by name."""
        ...

    @property
    def real(self) -> RealImages:
        """The last batch of real images, augmented by the augmentations of real images.

        If the phase updates the discriminator, a :class:`~ganzoo.RealImageReplacement` may have
        replaced some.

        Other updates of the step use the same tensors: do not change them in place.
        """
        ...

    @property
    def fake(self) -> Fake:
        """Images generated for this update, with the conditions of the real images.

        They have a gradient if the phase updates the generator.
        """
        ...

    @property
    def scores(self) -> Scores:
        """The discriminator's scores of ``real`` and ``fake``."""
        ...

    def compute_scores(self) -> None:
        """Compute ``scores`` of real and generated images, which terms then read.

        Where each score depends on its own image alone, as gradient penalties require, both are
        computed in one pass of the discriminator, which is faster.
        """
        ...

    def latents(self) -> Tensor:
        """New latents for N images, (N, ...); each call draws others."""
        ...

    def generate(self, latents: Tensor | None = None, condition: Tensor | None = None) -> Fake:
        """Generate images, by default from new latents and with the real images' conditions.

        They have a gradient if the phase updates the generator.
        """
        ...

    def critic(
        self, images: Tensor, condition: Tensor | None = None, *, transform: str = ""
    ) -> Tensor:
        """The discriminator's scores, float32 (N,) or (N, K), of images (N, C, H, W).

        The images pass through the augmentations of all images, and have the real images'
        conditions by default. Each call draws other random transformations; calls with the same
        ``transform``, any name, use the same ones.
        """
        ...

    def augmented(self, images: Tensor, *, transform: str = "") -> Tensor:
        """Images (N, C, H, W) after the augmentations of all images, as ``critic`` uses them.

        For a network that scores images instead of the discriminator, or with something else, such
        as their latents. ``transform`` is that of ``critic``.
        """
        ...

    def uniform(self, *shape: int) -> Tensor:
        """New random numbers from U[0, 1), float32 ``(N, *shape)``; each call draws others."""
        ...

    def normal(self, *shape: int) -> Tensor:
        """New random numbers from N(0, 1), float32 ``(N, *shape)``; each call draws others."""
        ...

    def random(self, purpose: str) -> torch.Generator:
        """A random generator for this purpose, the same in all processes.

        Draw from it for the whole batch of ``batch_size`` images, and pass the result to
        ``shard``.
        """
        ...

    def shard(self, batch: Tensor) -> Tensor:
        """This process's rows of a tensor for the whole batch."""
        ...

    def gather(self, values: Tensor) -> Tensor:
        """The rows (N, ...) of all processes, in the order of the whole batch, (B, ...).

        Terms may be computed from all rows, with every process computing the same: a gradient
        flows to the rows of this process, and the mean over all processes is the gradient of the
        whole batch.
        """
        ...

    def mean(self, values: Tensor) -> Tensor:
        """The mean of all values over the batch and over all processes, float32 (), no gradient."""
        ...

    def value(self, number: float | Schedule) -> float:
        """The value of a schedule at this update; a number is returned unchanged."""
        ...

    def report(self, name: str, value: Tensor) -> None:
        """Add a scalar to the means of the next report, under this name.

        That of a regularizer or an augmentation gets the name ``LABEL/NAME``, by its label in the
        settings.
        """
        ...

    def give_feedback(self) -> None:
        """Call ``observe`` of all components that have it, with the scores of this update.

        Call it in a phase's ``after``, if its terms used the scores of real and fake images.
        """
        ...
