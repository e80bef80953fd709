"""The loss, regularizers and augmentations of a run, with the present values of their options."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ParamSpec, Self, TypeVar

import torch

from ganzoo.attribution import PluginCode
from ganzoo.augment.pipeline import Pipeline
from ganzoo.configured_components import ConfiguredComponent
from ganzoo.contracts import (
    ApplyTo,
    Feedback,
    LossRequirements,
    Method,
    Phase,
    Scores,
    Stateful,
    Step,
    Terms,
    WeightConstraint,
)
from ganzoo.run import Run
from ganzoo.structure import require_phases, require_terms
from ganzoo.training.adversarial import Adversarial
from ganzoo.training.randomness import Randomness
from ganzoo.training.regularization import regularized

P = ParamSpec("P")
T = TypeVar("T")


class BuiltComponent:
    """A component that its factory built on a device.

    It is built again, with the same state, when a schedule changes the value of an option. The
    random numbers of its factory depend on ``seed``. Errors in its code are raised as PluginError.
    """

    def __init__(self, chosen: ConfiguredComponent, device: torch.device, seed: int = 0) -> None:
        self.code = chosen.entry.code
        self._chosen = chosen
        self._device = device
        self._seed = seed
        self._values: Mapping[str, float] = {}
        """The values that schedules have set."""
        self.built = self._build(chosen)

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
        """The component's state."""
        with self.code:
            return dict(self.built.state_dict())

    def load_state_dict(self, state: Mapping[str, Any], /) -> None:
        """Restore what ``state_dict`` returned."""
        with self.code:
            self.built.load_state_dict(state)

    def observe(self, step: Step, scores: Scores) -> None:
        """Pass the scores of an update to the component."""
        with self.code:
            self.built.observe(step, scores)

    def checked(self, terms: Callable[P, Terms]) -> Callable[P, Terms]:
        """A function of the component that returns terms, with its errors as PluginError."""

        @functools.wraps(terms)
        def checked(*args: P.args, **kwargs: P.kwargs) -> Terms:
            with self.code:
                found = terms(*args, **kwargs)
                require_terms(found, terms)
                return found

        return checked

    def guarded(self, function: Callable[P, T]) -> Callable[P, T]:
        """A function of the component, with its errors as PluginError."""

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            with self.code:
                return function(*args, **kwargs)

        return guarded


class Components:
    """The loss, the regularizers and the augmentations of a run."""

    def __init__(
        self,
        loss: BuiltComponent,
        regularizers: Mapping[str, BuiltComponent],
        augmentations: Mapping[str, BuiltComponent],
    ) -> None:
        self.loss = loss
        self.regularizers = regularizers
        self.augmentations = augmentations

    @classmethod
    def of(cls, run: Run, device: torch.device) -> Self:
        """New components of a run, on a device."""

        def build(chosen: ConfiguredComponent) -> BuiltComponent:
            return BuiltComponent(chosen, device, run.seed)

        return cls(
            build(run.loss),
            {name: build(chosen) for name, chosen in run.regularize.items()},
            {name: build(chosen) for name, chosen in run.augment.items()},
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
        return [built for _, built in self.by_section() if isinstance(built.built, Feedback)]

    @property
    def requirements(self) -> LossRequirements:
        """What the loss and the regularizers require of the networks."""
        regularizers = (built.built for built in self.regularizers.values())
        return LossRequirements.of(self.loss.built, regularizers)

    def phases(self) -> list[Phase]:
        """The phases of a step: those of the loss's method, with the regularizers."""
        with self.loss.code:
            phases = list(self._method().phases())
        return regularized(phases, {k: _regularizer(r) for k, r in self.regularizers.items()})

    def code_of(self, phase: Phase) -> PluginCode:
        """The code of the loss, or of the regularizer that the phase is for."""
        return self.regularizers.get(phase.name, self.loss).code

    def _method(self) -> Method:
        """The method of the loss; the core's own one for a loss that is computed from scores."""
        loss = self.loss.built
        return _Method(self.loss) if isinstance(loss, Method) else Adversarial(_loss(self.loss))

    def pipeline(self, apply_to: ApplyTo) -> Pipeline:
        """The augmentations with this ``apply_to``."""
        augmentations = list(self.augmentations.values())
        codes = [built.code for built in augmentations]
        return Pipeline.of((built.built for built in augmentations), apply_to, codes)


class _Method:
    """A plugin's method whose errors are raised as PluginError."""

    def __init__(self, component: BuiltComponent) -> None:
        self._component = component
        self.independent_scores: bool = component.built.independent_scores

    def phases(self) -> list[Phase]:
        """Its phases."""
        made = self._component
        phases = made.built.phases()
        require_phases(phases, made.built.phases)
        return [
            replace(
                phase,
                terms=made.checked(phase.terms),
                constrain=made.guarded(phase.constrain) if phase.constrain else None,
                after=made.guarded(phase.after) if phase.after else None,
            )
            for phase in phases
        ]


def _loss(component: BuiltComponent) -> Any:
    """A loss whose errors are raised as PluginError."""
    loss = component.built
    optional = {}
    if isinstance(loss, WeightConstraint):
        optional["constrain"] = component.guarded(loss.constrain)
    return SimpleNamespace(
        independent_scores=loss.independent_scores,
        discriminator=component.checked(loss.discriminator),
        generator=component.checked(loss.generator),
        **optional,
    )


def _regularizer(component: BuiltComponent) -> Any:
    """A regularizer whose errors are raised as PluginError."""
    regularizer = component.built
    return SimpleNamespace(
        network=regularizer.network,
        every=regularizer.every,
        independent_scores=regularizer.independent_scores,
        terms=component.checked(regularizer.terms),
    )
