"""Checks for plugin authors: whether each component does what its kind requires.

A complete test file is::

    import ganzoo_alpha
    from ganzoo.testing import check_plugin

    def test_the_plugin():
        check_plugin(ganzoo_alpha)

Each name is imported on first use, because pytest imports this package for its fixtures.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.testing.plugin import check, check_plugin, only
    from ganzoo.testing.runs import check_run

__all__ = ["check", "check_plugin", "check_run", "only"]

_MODULES = {"check": "plugin", "check_plugin": "plugin", "check_run": "runs", "only": "plugin"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'ganzoo.testing' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"ganzoo.testing.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
