"""Packages that only some components and commands need: the extras of a distribution."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ganzoo.errors import RequestError


def require_package(module: str, user: str, extra: str) -> Any:
    """Import a module of a package that may not be installed, and return the module.

    ``user`` is the component or command that needs it, such as ``"hdf5"``, and ``extra`` what
    brings it, such as ``"ganzoo-toolkit[hdf5]"``. Write the module's name with the hyphens of its
    distribution's name as underscores.

    Raises RequestError, with the ``pip install`` command, if the package is not installed. Other
    errors of its import are passed on.
    """
    package = module.partition(".")[0]
    name = package.replace("_", "-")
    missing = RequestError(f"{user} needs {name}: {install_command(extra)}")
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != package:
            raise
        raise missing from error
    if hasattr(found, "__path__") and getattr(found, "__file__", None) is None:
        raise missing  # a folder of that name, such as wandb in the working folder
    return found


def install_command(extra: str) -> str:
    """The command that installs an extra such as ``"ganzoo-toolkit[hdf5]"``, for any shell."""
    return f'pip install "{extra}"'
