"""One update of the weights: terms, gradients, their mean over all processes, the optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from ganzoo.batch_rows import rows_from
from ganzoo.contracts import Fake, Phase, Step, Terms
from ganzoo.noise import noise_from
from ganzoo.phase_structure import require_gradient
from ganzoo.returned_values import require_terms
from ganzoo.training.finite_check import FiniteCheck, Update
from ganzoo.training.optimizers import Optimizers
from ganzoo.training.pieces import Pieces
from ganzoo.training.progress import Progress
from ganzoo.training.setup import Setup
from ganzoo.training.snapshot import Snapshot
from ganzoo.training.step import TrainingStep


class Updater:
    """Makes the updates of a run and collects the scalars that they report.

    Each is computed in ``accumulate`` pieces, one after the other.
    """

    def __init__(self, setup: Setup, progress: Progress, policy: str, accumulate: int = 1) -> None:
        self.finite_check = FiniteCheck(setup.engine, policy, progress)
        self.scalars: list[tuple[str, Tensor]] = []
        """Scalars of the updates since the last step, with their names in reports."""
        self.last_scores: dict[str, Tensor] = {}
        """The scores of the real and fake images of the discriminator's last update."""
        self._setup = setup
        self._progress = progress
        self._skips = policy == "skip"
        self._pieces = Pieces(setup, accumulate)
        self._fakes: dict[str, Fake] = {}
        """Generated images, with their graph, for a later phase of the step, by phase."""

    def update(
        self,
        phases: Sequence[Phase],
        number: int,
        optimizers: Optimizers,
        *,
        keep_fakes: bool = False,
    ) -> None:
        """Make update ``number`` of a phase, or of several at once.

        With ``keep_fakes``, a later phase of the step uses its generated images.

        Raises NonFinite if a term or the gradient is not finite and the update is not skipped.
        """
        setup, phase = self._setup, phases[0]
        before = Snapshot(setup) if self._skips else None
        trained = {p.name: list(optimizers.parameters[p.networks].values()) for p in phases}
        computed = self._pieces.each(
            lambda piece: self._compute(phases, number, trained, keep_fakes)
        )
        steps = [step for step, _ in computed]
        terms = {p.name: _means([terms[p.name] for _, terms in computed]) for p in phases}
        self._average_gradients(phases, trained)
        try:
            is_made = self.finite_check.check(self._describe(phases, terms, trained))
            if is_made:
                for each in phases:
                    optimizers.of(each).step()
                for each in phases:
                    self._after_update(each, steps)
                self._collect(phases, steps, terms)
        finally:  # also before a rollback: gradients accumulate
            for each in phases:
                optimizers.of(each).zero_grad(set_to_none=True)
        if before:
            skipped = torch.tensor(float(not is_made), device=setup.engine.device)
            self.scalars.append((f"skipped/{phase.name}", skipped))
            if not is_made:
                before.restore()
                self._fakes.clear()  # restoring the generator's buffers has changed their graph

    def _compute(
        self,
        phases: Sequence[Phase],
        number: int,
        trained: Mapping[str, list[nn.Parameter]],
        keep_fakes: bool = False,
    ) -> tuple[TrainingStep, dict[str, Terms]]:
        """The terms of a piece; adds their gradients, divided by the number of pieces."""
        setup, pieces, first = self._setup, self._pieces, phases[0]
        name = f"{first.name}/{pieces.shard.rank}"
        setup.randomness.reseed(name, number, setup.engine.device)
        step = TrainingStep(setup, self._progress, first, number, phases, pieces)
        step.use_fakes(self._fakes.pop(first.fakes_of, None), keep=keep_fakes)
        terms = {phase.name: compute_terms(phase, step, setup) for phase in phases}
        for phase in phases:
            total = torch.stack(list(terms[phase.name].values())).sum()
            if total.requires_grad:
                factor = phase.every / pieces.count
                weighted = total if factor == 1 else total * factor
                keep = phase is not phases[-1]
                weighted.backward(inputs=trained[phase.name], retain_graph=keep)
        if step.kept_fake:
            self._fakes[first.name] = step.kept_fake
        step.release_graph()
        return step, {name: _detached(found) for name, found in terms.items()}

    def _average_gradients(
        self, phases: Sequence[Phase], trained: Mapping[str, list[nn.Parameter]]
    ) -> None:
        """Average the gradients over all processes; raise PluginError if a phase has none."""
        for phase in phases:
            parameters = trained[phase.name]
            self._setup.engine.average_gradients(parameters)
            with self._setup.components.code_of(phase):
                require_gradient(phase, exists=any(p.grad is not None for p in parameters))

    def _after_update(self, phase: Phase, steps: Sequence[TrainingStep]) -> None:
        call_after(phase, phase.constrain, steps[-1], self._setup)
        self._pieces.each(lambda piece: call_after(phase, phase.after, steps[piece], self._setup))

    def _describe(
        self,
        phases: Sequence[Phase],
        terms: Mapping[str, Terms],
        trained: Mapping[str, list[nn.Parameter]],
    ) -> Update:
        first = phases[0].name
        named = dict(terms[first])
        for each in phases[1:]:
            named |= {f"{each.name}/{name}": term for name, term in terms[each.name].items()}
        gradients = [p.grad for each in trained.values() for p in each if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        values = torch.stack([*(term.float() for term in named.values()), norm.float()])
        seen, size = self._progress.images_seen, self._setup.point.stage.batch_size
        return Update(first, self._progress.step, seen, size, tuple(named), values)

    def _collect(
        self, phases: Sequence[Phase], steps: Sequence[TrainingStep], terms: Mapping[str, Terms]
    ) -> None:
        for name, found in terms.items():
            self.scalars.append((f"loss/{name}", torch.stack(list(found.values())).sum()))
            self.scalars += [(f"{name}/{key}", term) for key, term in found.items()]
        self.scalars += _means([step.reports for step in steps]).items()
        scores = [step.scores.computed() for step in steps]
        updated = {network for phase in phases for network in phase.networks}
        if "discriminator" in updated and len(scores[0]) == 2:
            self.last_scores = {name: torch.cat([s[name] for s in scores]) for name in scores[0]}


def _means(values: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The means over the pieces, by name."""
    first, *others = values
    if not others:
        return dict(first)
    return {name: torch.stack([each[name] for each in values]).mean(0) for name in first}


def _detached(terms: Terms) -> Terms:
    return {name: term.detach() for name, term in terms.items()}


def compute_terms(phase: Phase, step: TrainingStep, setup: Setup) -> Terms:
    """The terms of an update, in the run's precision, or in float32 if the phase says so.

    Raises PluginError for an error in the code of a component.
    """
    step.begin(phase)
    precision = nullcontext() if phase.full_precision else setup.engine.autocast()
    layers = noise_from(step.layer_noise), rows_from(step.layer_rows)
    with setup.components.code_of(phase), precision, layers[0], layers[1]:
        terms = phase.terms(step)
        require_terms(terms, f"the phase {phase.name}", phase.terms)
        return terms


def after_update(phase: Phase, step: TrainingStep, setup: Setup) -> None:
    """Call what follows an update of a phase; raises PluginError for errors in plugins' code."""
    for function in (phase.constrain, phase.after):
        call_after(phase, function, step, setup)


def call_after(
    phase: Phase, function: Callable[[Step], None] | None, step: TrainingStep, setup: Setup
) -> None:
    """Call a function that follows an update of a phase, if it has one."""
    if function:
        step.begin(phase)
        with setup.components.code_of(phase):
            function(step)
