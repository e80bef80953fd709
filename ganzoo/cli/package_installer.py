"""Runs pip, or uv, for the Python environment that ganzoo is installed in."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from typing import Literal

from ganzoo.errors import RequestError

Action = Literal["install", "uninstall", "check"]


def run_installer(action: Action, arguments: Sequence[str]) -> int:
    """Run it with its output shown, and return its exit status.

    Raises RequestError if the environment has no pip and there is no uv.
    """
    command = [*installer_command(action), *arguments]
    shown = re.sub(r"://[^/@\s]+@", "://****@", shlex.join(command))  # an index may need a password
    print("$", shown, flush=True)
    process = subprocess.Popen(command)  # noqa: S603 - pip or uv, without a shell
    while True:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            continue  # Ctrl-C reached pip as well, which undoes what it began and then exits
        return status if status >= 0 else 128 - status


def installer_command(action: Action) -> list[str]:
    """The command of pip or uv for this environment, without packages."""
    if _has_pip():
        # -P: a file such as random.py in the working folder is not imported.
        answer = ["--yes"] if action == "uninstall" else []
        return [sys.executable, "-P", "-m", "pip", action, *answer]
    if uv := shutil.which("uv"):
        return [uv, "pip", action, "--python", sys.executable]  # it never asks
    raise RequestError(
        f"the Python environment {sys.prefix} has no pip: add it by "
        f"`{shlex.quote(sys.executable)} -m ensurepip`, or install uv"
    )


def _has_pip() -> bool:
    try:
        return importlib.util.find_spec("pip.__main__") is not None
    except ImportError:
        return False
