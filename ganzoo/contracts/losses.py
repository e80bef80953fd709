"""What the factory of a loss returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn

Critic = Callable[[Tensor], Tensor]
"""The discriminator as a loss calls it: images (N, C, H, W) to scores (N,).

It applies conditions and augmentations by itself.
"""

Terms = Mapping[str, Tensor]
"""Named scalar tensors. Their sum is minimized; each is reported under its name."""


class Loss(Protocol):
    """The loss of the generator and of the discriminator.

    ``real`` and ``fake`` are float32 images (N, C, H, W) in [-1, 1].
    """

    @property
    def independent_scores(self) -> bool:
        """Whether an image's score must not depend on the rest of the batch.

        Gradient penalties need this.
        """
        ...

    def discriminator(self, critic: Critic, real: Tensor, fake: Tensor) -> Terms:
        """The discriminator's terms. ``fake`` is detached from the generator."""
        ...

    def generator(self, critic: Critic, fake: Tensor, real: Tensor) -> Terms:
        """The generator's terms. ``real`` is the discriminator's last batch of real images."""
        ...


@runtime_checkable
class WeightConstraint(Protocol):
    """A loss that also constrains the discriminator's weights, for example by clipping."""

    def constrain(self, discriminator: nn.Module) -> None:
        """Change the weights in place; called after each update of the discriminator."""
        ...


@runtime_checkable
class Stateful(Protocol):
    """A loss or an augmentation whose state changes during training, such as any ``nn.Module``.

    Checkpoints store the state. An ``nn.Module`` is moved to the device of the run. With several
    processes only the state of the first one is stored, so it must be the same in all of them.
    """

    def state_dict(self) -> Mapping[str, Any]:
        """The whole state, made of tensors and plain Python values only."""
        ...

    def load_state_dict(self, state: Mapping[str, Any], /) -> Any:
        """Restore a state that ``state_dict`` returned."""
        ...
