"""The loss, the regularizers and the augmentations of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Self

import torch

from ganzoo.attribution import PluginCode
from ganzoo.augment.pipeline import Pipeline
from ganzoo.configured_components import ConfiguredComponent
from ganzoo.contracts import (
    ApplyTo,
    LossRequirements,
    Method,
    Phase,
)
from ganzoo.phase_structure import require_phases
from ganzoo.run import Run
from ganzoo.training.adversarial import Adversarial
from ganzoo.training.built_component import BuiltComponent
from ganzoo.training.regularization import regularized
from ganzoo.training.reported_names import require_own_names
from ganzoo.training.shared_fakes import sharing_fakes
from ganzoo.training.simultaneous import simultaneous


class Components:
    """The loss, the regularizers and the augmentations of a run."""

    def __init__(
        self,
        loss: BuiltComponent,
        regularizers: Mapping[str, BuiltComponent],
        augmentations: Mapping[str, BuiltComponent],
        *,
        simultaneous: bool = False,
        share_fakes: bool = False,
    ) -> None:
        self.loss = loss
        self.simultaneous = simultaneous
        """Whether the generator and the discriminator are updated at once."""
        self.share_fakes = share_fakes
        """Whether the generator learns from the images generated for the discriminator."""
        self.regularizers = regularizers
        self.augmentations = augmentations

    @classmethod
    def of(cls, run: Run, device: torch.device) -> Self:
        """New components of a run, on a device."""

        def build(chosen: ConfiguredComponent, label: str = "") -> BuiltComponent:
            return BuiltComponent(chosen, device, run.seed, label)

        return cls(
            build(run.loss),
            {label: build(chosen, label) for label, chosen in run.regularize.items()},
            {label: build(chosen, label) for label, chosen in run.augment.items()},
            simultaneous=run.train.simultaneous,
            share_fakes=run.train.share_fakes,
        )

    def by_section(self) -> Iterator[tuple[str, BuiltComponent]]:
        """Each component, with its section of the settings."""
        yield "loss", self.loss
        yield from ((f"regularize.{k}", built) for k, built in self.regularizers.items())
        yield from ((f"augment.{k}", built) for k, built in self.augmentations.items())

    def stateful(self) -> dict[str, BuiltComponent]:
        """The components that have a state, by their section of the settings."""
        return {section: built for section, built in self.by_section() if built.is_stateful}

    def with_feedback(self) -> Sequence[BuiltComponent]:
        """The components that observe the discriminator's scores."""
        return [built for _, built in self.by_section() if built.has_feedback]

    @property
    def requirements(self) -> LossRequirements:
        """What the loss and the regularizers require of the networks."""
        regularizers = (built.built for built in self.regularizers.values())
        return LossRequirements.of(self.loss.built, regularizers)

    def phases(self) -> list[Phase]:
        """The phases of a step: those of the loss's method, with the regularizers."""
        loss = self.loss.built
        method = loss if isinstance(loss, Method) else Adversarial(loss)
        with self.loss.code:
            phases = method.phases()
            require_phases(phases, method.phases)
        if self.simultaneous:
            phases = simultaneous(phases)
        if self.share_fakes:
            phases = sharing_fakes(phases)
        labels = {"regularize": self.regularizers, "augment": self.augmentations}
        require_own_names(phases, labels)
        regularizers = {name: component.built for name, component in self.regularizers.items()}
        codes = {name: component.code for name, component in self.regularizers.items()}
        return regularized(phases, regularizers, codes)

    def code_of(self, phase: Phase) -> PluginCode:
        """A context for the code of the loss, or of the regularizer that the phase is for."""
        return self.regularizers.get(phase.name, self.loss).code.only_own_frames()

    def resist_memorization(self) -> bool:
        """Whether an augmentation is for all images, or adapts to the discriminator's scores."""
        augmentations = self.augmentations.values()
        return any(each.built.apply_to == "all" or each.has_feedback for each in augmentations)

    def replacements(self) -> Sequence[BuiltComponent]:
        """The augmentations that replace real images."""
        return [each for each in self.augmentations.values() if each.replaces_real_images]

    def pipeline(self, apply_to: ApplyTo) -> Pipeline:
        """The augmentations with this ``apply_to``."""
        augmentations = list(self.augmentations.values())
        codes = [built.code for built in augmentations]
        return Pipeline.of((built.built for built in augmentations), apply_to, codes)
