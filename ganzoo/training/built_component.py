"""A loss, a regularizer or an augmentation, with the present values of its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ganzoo.configured_components import ConfiguredComponent
from ganzoo.contracts import (
    Feedback,
    RealImageReplacement,
    RealImages,
    Scores,
    Stateful,
    Step,
)
from ganzoo.returned_values import require_tensor
from ganzoo.training.labeled_step import labeled
from ganzoo.training.randomness import Randomness
from ganzoo.training.weights import Weights


class BuiltComponent:
    """A component that its factory built on a device.

    It is built again, with the same state, when a schedule changes the value of an option. The
    random numbers of its factory depend on ``seed``. Errors in its code are raised as PluginError.
    Numbers that it reports begin with its label in the settings; the loss has none.
    """

    def __init__(
        self, chosen: ConfiguredComponent, device: torch.device, seed: int = 0, label: str = ""
    ) -> None:
        self.code = chosen.entry.code
        self._label = label
        self._chosen = chosen
        self._device = device
        self._seed = seed
        self._values: Mapping[str, float] = {}
        """The values that schedules have set."""
        self.built = self._build(chosen)
        self.has_feedback = isinstance(self.built, Feedback)
        """Whether it observes the discriminator's scores."""
        self.replaces_real_images = isinstance(self.built, RealImageReplacement)

    def _build(self, chosen: ConfiguredComponent) -> Any:
        Randomness(self._seed).reseed(f"build {self.code.what}", 0, self._device)
        built = chosen.build()
        # Buffers are used together with scores and images.
        return built.to(self._device) if isinstance(built, torch.nn.Module) else built

    def set_values(self, values: Mapping[str, float]) -> bool:
        """Use these values of scheduled options; returns whether it was built again."""
        if values == self._values:
            return False
        self._values = dict(values)
        state = self.state_dict() if self.is_stateful else None
        self.built = self._build(self._chosen.with_values(values))
        if state is not None:
            self.load_state_dict(state)
        return True

    @property
    def is_stateful(self) -> bool:
        """Whether it has a state."""
        return isinstance(self.built, Stateful)

    def state_dict(self) -> Mapping[str, Any]:
        """The component's state; frozen weights of a module by their hash."""
        with self.code:
            return dict(self._state().state_dict())

    def load_state_dict(self, state: Mapping[str, Any], /) -> None:
        """Restore what ``state_dict`` returned."""
        with self.code:
            self._state().load_state_dict(state)

    def _state(self) -> Stateful:
        has_frozen = bool(getattr(self.built, "frozen_parameters", ()))
        return Weights(self.built) if has_frozen else self.built

    def replace_real(self, step: Step, real: RealImages) -> RealImages:
        """The images that the component puts in place of real ones, without gradient."""
        with self.code, torch.no_grad():
            images = self.built.replace_real(labeled(step, self._label), real)
            at = self.built.replace_real
            require_tensor("the result of replace_real()", images, real.images.shape, at)
            return RealImages(images.detach(), real.condition)

    def observe(self, step: Step, scores: Scores) -> None:
        """Pass the scores of an update to the component."""
        with self.code:
            self.built.observe(labeled(step, self._label), scores)
