"""What the factory of a loss returns, in its simple form: terms computed from scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

Terms = Mapping[str, Tensor]
"""Named scalar tensors. Their sum is minimized; each is reported under its name."""


class Scores(Protocol):
    """The discriminator's scores of the images of an update; a high score means real.

    Each is float32 (N,), or (N, K) if the discriminator gives K scores to an image. They are
    computed on first access: an update of the generator whose loss does not read the scores of the
    real images does not compute them.
    """

    @property
    def real(self) -> Tensor:
        """The scores of real images; without gradient in an update of the generator."""
        ...

    @property
    def fake(self) -> Tensor:
        """The scores of generated images."""
        ...


class Loss(Protocol):
    """The loss of the generator and of the discriminator, as functions of scores.

    A loss that needs more than scores is a :class:`~ganzoo.Method`; a penalty that suits many
    losses is a :class:`~ganzoo.Regularizer`.
    """

    @property
    def independent_scores(self) -> bool:
        """Whether an image's score must not depend on the rest of the batch."""
        ...

    def discriminator(self, scores: Scores) -> Terms:
        """The discriminator's terms; the generated images have no gradient."""
        ...

    def generator(self, scores: Scores) -> Terms:
        """The generator's terms."""
        ...


@runtime_checkable
class WeightConstraint(Protocol):
    """A loss that also constrains the discriminator's weights, for example by clipping."""

    def constrain(self, discriminator: nn.Module) -> None:
        """Change the weights in place; called after each update, also one for a regularizer."""
        ...
