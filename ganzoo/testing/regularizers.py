"""Checks of regularizers."""

from __future__ import annotations

from ganzoo.components import ComponentSpec, Options
from ganzoo.structure import require_structure
from ganzoo.testing.methods import check_method_names, check_state_methods
from ganzoo.testing.problems import Problems


def check_regularizer(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """It has the attributes and the methods of a regularizer."""
    regularizer = component.build(options)
    check_method_names(regularizer, ("observe", "state_dict", "load_state_dict"), problems)
    check_state_methods(regularizer, problems)
    with problems.catching("it cannot be used"):
        require_structure("regularizer", regularizer)
