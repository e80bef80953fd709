"""Checks of losses and of methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.components import ComponentSpec
from ganzoo.contracts import Method, Phase, Terms
from ganzoo.options import Options
from ganzoo.testing.methods import check_method_names, check_state_methods
from ganzoo.testing.problems import Problems
from ganzoo.testing.updates import STATE_METHODS, check_updates

_N = 8


def check_loss(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """All terms are finite scalars with gradients, and the state can be saved and loaded."""
    loss = component.build(options)
    problems.expect(
        isinstance(loss.independent_scores, bool), "independent_scores should be True or False"
    )
    is_method = isinstance(loss, Method)
    check_method_names(
        loss, STATE_METHODS if is_method else ("constrain", *STATE_METHODS), problems
    )
    check_state_methods(loss, problems)
    if is_method and not _check_phases(loss.phases(), problems):
        return
    before = len(problems.lines)
    check_updates(component, options, problems)
    if not is_method and len(problems.lines) == before:
        for name in ("discriminator", "generator"):
            with problems.catching(f"{name}()"):
                _check_parts_of_a_batch(component, options, name, problems)


def _check_parts_of_a_batch(
    component: ComponentSpec, options: Options, method: str, problems: Problems
) -> None:
    """The terms of a batch are the means of those of its two halves, as of two processes."""

    def terms(part: slice, seed: int = 0) -> Terms:
        torch.manual_seed(seed)
        compute = getattr(component.build(options), method)
        found: Terms = compute(_GivenScores(real[part], fake[part]))
        return found

    random = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(_N, generator=random) for _ in range(2))
    batch, other_seed = terms(slice(_N)), terms(slice(_N), seed=1)
    halves = terms(slice(_N // 2)), terms(slice(_N // 2, _N))
    for name, term in batch.items():
        if torch.equal(term, other_seed[name]):  # else it has random numbers of its own
            mean = torch.stack([half[name] for half in halves]).mean()
            problems.expect(
                torch.allclose(term, mean, rtol=1e-3, atol=1e-5),
                f"{method}(): {name} of a batch is not the mean of {name} of its two halves, so "
                "two processes train otherwise than one: apply a function to the scores of each "
                "image and take the mean, or write a ganzoo.Method that calls step.gather()",
            )


@dataclass(frozen=True)
class _GivenScores:
    real: Tensor
    fake: Tensor


def _check_phases(phases: Sequence[Phase], problems: Problems) -> bool:
    """Whether the phases of a method can be tried with a generator and a discriminator."""
    names = [phase.name for phase in phases]
    problems.expect(len(names) == len(set(names)), f"two phases have the same name: {names}")
    problems.expect(
        any(phase.new_images for phase in phases), "no phase has new_images=True: add one"
    )
    known = {"generator", "discriminator"}
    # Other networks belong to an architecture; ganzoo tries them together before a run starts.
    return all(network in known for phase in phases for network in phase.networks)
