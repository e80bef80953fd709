"""The module of a plugin: of an entry point, or of a Python file that is not installed."""

from __future__ import annotations

import importlib.util
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

from ganzoo.errors import RequestError


def entry_point_of(file: Path) -> EntryPoint:
    """The entry point of a file, named for it; raises RequestError if it is missing."""
    if not file.is_file():
        raise RequestError(f"there is no plugin file {file}")
    return EntryPoint(file.stem.lower().replace("_", "-"), file.stem, "ganzoo")


def load_module(point: EntryPoint) -> Any:
    """The module that an installed entry point names, imported.

    Raises ValueError for a text that cannot be the name of a module, and any error of the import.
    """
    if not EntryPoint.pattern.match(point.value):
        raise ValueError(
            f"its entry point is {point.value!r}, not the name of a Python module such as "
            "ganzoo_mine: correct it in its pyproject.toml"
        )
    return point.load()


def import_file(module_name: str, file: Path) -> ModuleType:
    """The module of a file, imported once; raises ImportError if another one has its name."""
    if loaded := sys.modules.get(module_name):
        if getattr(loaded, "__file__", None) == str(file.resolve()):
            return loaded
        raise ImportError(f"another module is named {module_name!r}: rename {file}")
    spec = importlib.util.spec_from_file_location(module_name, file.resolve())
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Import strings such as "my_gan:MyLoss" look it up here.
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module_name]
        raise
    return module
