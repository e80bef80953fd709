"""The check of a plugin's import: every command imports every plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from ganzoo.registry import SLOW_IMPORT
from ganzoo.testing.problems import Problems

_REMEDY = (
    'name each factory by an import string, "package.module:name", and import it only in that '
    "module"
)


def check_import(module: ModuleType | object, problems: Problems) -> None:
    """A package is imported in less than a second, and without torch.

    A plugin of one file may import torch: only commands with ``--plugin`` import it.
    """
    if not isinstance(module, ModuleType) or not hasattr(module, "__path__"):
        return
    done = subprocess.run(  # noqa: S603 - the arguments are ours and the name of a module
        [sys.executable, "-m", "ganzoo.testing.import_time", module.__name__],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:  # it can be imported here, but not by its name in a new process
        return
    report(json.loads(done.stdout.splitlines()[-1]), problems)


def report(found: Mapping[str, Any], problems: Problems) -> None:
    """Add what ``import_time`` found: the line that imports torch, or more than a second."""
    if found["torch"]:
        problems.add(f"its import also imports torch ({found['torch']}): {_REMEDY}")
    elif found["seconds"] > SLOW_IMPORT:
        problems.add(
            f"its import takes {found['seconds']:.1f} s, for which every command waits: {_REMEDY}"
        )
