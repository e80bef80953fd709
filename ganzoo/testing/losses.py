"""Checks of losses and of methods."""

from __future__ import annotations

from collections.abc import Sequence

from ganzoo.components import ComponentSpec
from ganzoo.contracts import Method, Phase
from ganzoo.options import Options
from ganzoo.testing.methods import check_method_names, check_state_methods
from ganzoo.testing.problems import Problems
from ganzoo.testing.updates import STATE_METHODS, check_updates


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
    check_updates(component, options, problems)


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
