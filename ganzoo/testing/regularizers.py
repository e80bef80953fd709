"""Checks of regularizers."""

from __future__ import annotations

from ganzoo.components import ComponentSpec
from ganzoo.options import Options
from ganzoo.structure import require_structure
from ganzoo.testing.methods import check_method_names, check_state_methods
from ganzoo.testing.problems import Problems
from ganzoo.testing.updates import STATE_METHODS, check_updates, refuses_other_networks
from ganzoo.training.regularization import networks_of


def check_regularizer(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """Its terms are finite scalars with gradients, and its state can be saved and loaded."""
    regularizer = component.build(options)
    check_method_names(regularizer, STATE_METHODS, problems)
    check_state_methods(regularizer, problems)
    before = len(problems.lines)
    with problems.catching("it cannot be used"):
        require_structure("regularizer", regularizer)
    # Other networks belong to an architecture; ganzoo tries them together before a run starts.
    if len(problems.lines) > before:
        return
    # So do networks that it asks for by a protocol of its own.
    known = {"generator", "discriminator"}.issuperset(networks_of(regularizer))
    if known and not refuses_other_networks(component, options):
        check_updates(component, options, problems)
