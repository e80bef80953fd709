"""One update of the weights: terms, gradients, their mean over all processes, the optimizer."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from ganzoo.contracts import Phase, Terms
from ganzoo.noise import NoiseSource, noise_from
from ganzoo.structure import require_gradient, require_terms
from ganzoo.training.finite_check import FiniteCheck, Update
from ganzoo.training.optimizers import Optimizers
from ganzoo.training.progress import Progress
from ganzoo.training.setup import Setup
from ganzoo.training.step import TrainingStep


class Updater:
    """Makes the updates of a run and collects the scalars that they report."""

    def __init__(self, setup: Setup, progress: Progress, policy: str) -> None:
        self.finite_check = FiniteCheck(setup.engine, policy, progress)
        self.scalars: list[tuple[str, Tensor]] = []
        """Scalars of the updates since the last step, with their names in reports."""
        self.last_scores: dict[str, Tensor] = {}
        """The scores of the real and fake images of the discriminator's last update."""
        self._setup = setup
        self._progress = progress
        self._skips = policy == "skip"

    def update(self, phases: Sequence[Phase], number: int, optimizers: Optimizers) -> None:
        """Make update ``number`` of a phase, or of several at once.

        Raises NonFinite if a term or the gradient is not finite and the update is not skipped.
        """
        setup, phase = self._setup, phases[0]
        setup.randomness.reseed(f"{phase.name}/{setup.engine.rank}", number, setup.engine.device)
        before = _Snapshot(setup) if self._skips else None
        updated = [network for each in phases for network in each.networks]
        step = TrainingStep(setup, self._progress, phase, number, updated)
        computed = [self._differentiate(each, step, phases, optimizers) for each in phases]
        try:
            is_made = self.finite_check.check(self._describe(computed))
            if is_made:
                for each in computed:
                    optimizers.of(each.phase).step()
                for each in computed:
                    after_update(each.phase, step, setup)
                self._collect(computed, step)
        finally:  # also before a rollback: gradients accumulate
            for each in computed:
                optimizers.of(each.phase).zero_grad(set_to_none=True)
        if before:
            skipped = torch.tensor(float(not is_made), device=setup.engine.device)
            self.scalars.append((f"skipped/{phase.name}", skipped))
            if not is_made:
                before.restore()

    def _differentiate(
        self, phase: Phase, step: TrainingStep, phases: Sequence[Phase], optimizers: Optimizers
    ) -> _Computed:
        """The terms of a phase, whose gradients are then in its parameters."""
        setup, parameters = self._setup, list(optimizers.parameters[phase.networks].values())
        terms = compute_terms(phase, step, setup)
        total = torch.stack(list(terms.values())).sum()
        if total.requires_grad:
            weighted = total if phase.every == 1 else total * phase.every
            weighted.backward(inputs=parameters, retain_graph=phase is not phases[-1])
        setup.engine.average_gradients(parameters)
        with setup.components.code_of(phase):
            require_gradient(phase, exists=any(p.grad is not None for p in parameters))
        return _Computed(phase, terms, total.detach(), parameters)

    def _describe(self, computed: Sequence[_Computed]) -> Update:
        terms = dict(computed[0].terms)
        for each in computed[1:]:
            terms |= {f"{each.phase.name}/{name}": term for name, term in each.terms.items()}
        gradients = [p.grad for each in computed for p in each.parameters if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        values = torch.stack([*(term.detach().float() for term in terms.values()), norm.float()])
        seen, size = self._progress.images_seen, self._setup.point.stage.batch_size
        name = computed[0].phase.name
        return Update(name, self._progress.step, seen, size, tuple(terms), values)

    def _collect(self, computed: Sequence[_Computed], step: TrainingStep) -> None:
        for each in computed:
            name = each.phase.name
            self.scalars.append((f"loss/{name}", each.total))
            self.scalars += [(f"{name}/{key}", term.detach()) for key, term in each.terms.items()]
        self.scalars += step.reports.items()
        if "discriminator" in step.updated and len(scores := step.scores.computed()) == 2:
            self.last_scores = scores


@dataclass(frozen=True, eq=False)
class _Computed:
    """What the update of a phase is made from, beside its gradients."""

    phase: Phase
    terms: Terms
    total: Tensor
    parameters: list[nn.Parameter]


def compute_terms(phase: Phase, step: TrainingStep, setup: Setup) -> Terms:
    """The terms of an update, in the run's precision, or in float32 if the phase says so.

    Raises PluginError for an error in the code of a component.
    """
    precision = nullcontext() if phase.full_precision else setup.engine.autocast()
    noise = NoiseSource(partial(step.random, "layer noise"), setup.engine.shard)
    with setup.components.code_of(phase), precision, noise_from(noise):
        terms = phase.terms(step)
        require_terms(terms, f"the phase {phase.name}", phase.terms)
        return terms


def after_update(phase: Phase, step: TrainingStep, setup: Setup) -> None:
    """Call what follows an update of a phase; raises PluginError for errors in plugins' code."""
    with setup.components.code_of(phase):
        for function in (phase.constrain, phase.after):
            if function:
                function(step)


class _Snapshot:
    """What computing the terms of an update changes: buffers, and the states of components.

    Batch norm's statistics, for example, include what is not finite.
    """

    def __init__(self, setup: Setup) -> None:
        self._buffers = [b for network in setup.networks.values() for b in network.buffers()]
        self._values = [buffer.clone() for buffer in self._buffers]
        self._components = list(setup.components.stateful().values())
        self._states = [copy.deepcopy(dict(each.state_dict())) for each in self._components]

    @torch.no_grad()
    def restore(self) -> None:
        """Restore the values from before the update."""
        if self._buffers:
            torch._foreach_copy_(self._buffers, self._values)
        for component, state in zip(self._components, self._states, strict=True):
            component.load_state_dict(state)
