"""Checks of recipes."""

from __future__ import annotations

import tomllib

from ganzoo.components import ComponentSpec, RecipeSpec
from ganzoo.options import Options
from ganzoo.settings import MAIN_KINDS
from ganzoo.testing.problems import Problems


def check_recipe(component: ComponentSpec, options: Options, problems: Problems) -> None:
    """Its settings file exists, is TOML, and names dataset, architecture and loss.

    Its measured results, if it has any, can be read.
    """
    assert isinstance(component, RecipeSpec)
    with problems.catching(f"its settings {component.settings!r} cannot be read"):
        tree = tomllib.loads(component.read())
        for kind in MAIN_KINDS:
            problems.expect(kind in tree, f"does not name its {kind}")
    with problems.catching(f"its results {component.results!r} cannot be read"):
        component.read_results()
