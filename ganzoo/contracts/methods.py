"""How a run trains: phases, their terms, regularizers, and feedback from the scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ganzoo.contracts.losses import Loss, Scores, Terms
from ganzoo.contracts.steps import Step


@dataclass(frozen=True, kw_only=True)
class Phase:
    """The updates of some networks in each step, or in every n-th step."""

    name: str
    """Unique in the run; ``loss/NAME`` and ``NAME/TERM`` are reported.

    Random numbers depend on it.
    """
    networks: tuple[str, ...]
    """The names of the networks that are updated.

    Phases with the same networks share one optimizer.
    """
    terms: Callable[[Step], Terms]
    """The terms, whose sum is minimized, of one update."""
    new_images: bool = False
    """Whether each update takes the next batch of real images. Others get the last one."""
    optimizer: str = ""
    """The section of ``train`` with the optimizer's settings, ``generator`` or ``discriminator``.

    The default is the name of the first network, or ``generator`` for other networks.
    """
    repeats: int | None = None
    """Updates in a row; the default is the option ``steps`` of the optimizer's section."""
    every: int = 1
    """Steps from one update to the next.

    With more than 1, the terms weigh ``every`` times as much, and the learning rate and betas of
    the optimizer are corrected (Karras et al. 2020, arXiv 1912.04958, appendix B).
    """
    constrain: Callable[[Step], None] | None = None
    """Called after each update, and after those that regularizers make of the same networks.

    It may change the weights in place, for example by clipping.
    """
    after: Callable[[Step], None] | None = None
    """Called after each update."""
    full_precision: bool = False
    """Whether the terms are computed in float32 even with ``train.precision=bf16``."""
    simultaneous_with: str = ""
    """The name of an earlier phase, if both are one update.

    Their terms get the same step, with the same real and generated images and scores, which have
    gradients for the networks of both. All gradients are computed before a network is updated.
    Both have the same ``every``, one update in each step, and networks that share no parameters.
    """
    fakes_of: str = ""
    """The name of an earlier phase, if its generated images are ``step.fake`` of this one.

    They are those of its last update in the step, with their gradients, so the generator makes one
    pass less. The earlier phase gets them without gradients. Both have the same ``every``, this one
    makes one update in each step, and no phase in between updates the generator.
    """


@runtime_checkable
class Method(Protocol):
    """What a loss's factory returns if it defines all phases of a step itself."""

    @property
    def independent_scores(self) -> bool:
        """Whether an image's score must not depend on the rest of the batch."""
        ...

    def phases(self) -> Sequence[Phase]:
        """The phases of a step in their order; at least one takes new images.

        It is called several times in a run and must return the same phases each time.
        """
        ...


AnyLoss = Loss | Method
"""What a loss's factory may return."""


@runtime_checkable
class Regularizer(Protocol):
    """A penalty that can be combined with any loss."""

    @property
    def network(self) -> str | tuple[str, ...]:
        """The name of the network that it is for, such as ``discriminator``, or of several.

        With several, ``every`` must be 1, and its terms depend on ``step.updated``.
        """
        ...

    @property
    def every(self) -> int:
        """Steps from one use to the next.

        With 1, its terms are added to each update of the network. With more, they get an update of
        their own, in which they weigh ``every`` times as much.
        """
        ...

    @property
    def independent_scores(self) -> bool:
        """Whether an image's score must not depend on the rest of the batch, as for gradients."""
        ...

    def terms(self, step: Step) -> Terms:
        """The terms of one update, computed in float32."""
        ...


@runtime_checkable
class Feedback(Protocol):
    """An augmentation, loss or regularizer whose state follows the discriminator's scores.

    It may have an attribute ``adapts``, which is false if the scores change nothing but reports; a
    run without scores then has no warning.
    """

    def observe(self, step: Step, scores: Scores) -> None:
        """Change the state; called after each update of the discriminator.

        ``scores`` are those of the whole batch, of all processes, without gradient: float32 (B,)
        or (B, K). So the state is the same in all processes.
        """
        ...
