"""One update of the weights: terms, gradients, their mean over all processes, the optimizer."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import nullcontext
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

    def update(self, phase: Phase, number: int, optimizers: Optimizers) -> None:
        """Make update ``number`` of a phase.

        Raises NonFinite if a term or the gradient is not finite and the update is not skipped.
        """
        setup, optimizer = self._setup, optimizers.of(phase)
        parameters = list(optimizers.parameters[phase.networks].values())
        setup.randomness.reseed(f"{phase.name}/{setup.engine.rank}", number, setup.engine.device)
        before = _Snapshot(setup) if self._skips else None
        step = TrainingStep(setup, self._progress, phase, number)
        terms = compute_terms(phase, step, setup)
        total = torch.stack(list(terms.values())).sum()
        if total.requires_grad:
            weighted = total if phase.every == 1 else total * phase.every
            weighted.backward(inputs=parameters)
        setup.engine.average_gradients(parameters)
        with setup.components.code_of(phase):
            require_gradient(phase, exists=any(p.grad is not None for p in parameters))
        try:
            is_made = self.finite_check.check(self._describe(phase, terms, parameters))
            if is_made:
                optimizer.step()
                after_update(phase, step, setup)
                self._collect(phase, step, total, terms)
        finally:  # also before a rollback: gradients accumulate
            optimizer.zero_grad(set_to_none=True)
        if before:
            skipped = torch.tensor(float(not is_made), device=setup.engine.device)
            self.scalars.append((f"skipped/{phase.name}", skipped))
            if not is_made:
                before.restore()

    def _describe(self, phase: Phase, terms: Terms, parameters: list[nn.Parameter]) -> Update:
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        values = torch.stack([*(term.detach().float() for term in terms.values()), norm.float()])
        seen, size = self._progress.images_seen, self._setup.point.stage.batch_size
        return Update(phase.name, self._progress.step, seen, size, tuple(terms), values)

    def _collect(
        self, phase: Phase, step: TrainingStep, total: Tensor, terms: Mapping[str, Tensor]
    ) -> None:
        self.scalars.append((f"loss/{phase.name}", total.detach()))
        self.scalars += [(f"{phase.name}/{name}", term.detach()) for name, term in terms.items()]
        self.scalars += step.reports.items()
        if "discriminator" in phase.networks and len(scores := step.scores.computed()) == 2:
            self.last_scores = scores


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
