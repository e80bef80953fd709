"""The file ``sweep.json`` of a sweep folder: its runs, or its search, and its rungs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ganzoo.errors import RequestError
from ganzoo.folders import write_atomically
from ganzoo.sweeps.halving import Halving
from ganzoo.sweeps.search import Search
from ganzoo.sweeps.trial import Trial

FILE = "sweep.json"

_DAMAGED = (OSError, ValueError, KeyError, TypeError, RecursionError)
"""Errors of a file that is not there, is no JSON, or has other content."""


def read_plan(folder: Path) -> tuple[list[Trial] | Search, Halving | None]:
    """The runs or the search of the sweep in a folder, and its rungs.

    Raises RequestError if there is no sweep, or if the file is damaged.
    """
    file = folder / FILE
    if not folder.exists():
        raise RequestError(
            f"there is no sweep folder {folder}; for a new sweep, give DATASET ARCHITECTURE LOSS"
        )
    if not file.is_file():
        raise RequestError(f"{folder} is not a sweep folder: it has no {FILE}")
    try:
        found = _read(file)
        halving = Halving.of(found["halving"]) if "halving" in found else None
        if "search" in found:
            return Search.of(found), halving
        return [Trial.of(trial) for trial in found["trials"]], halving
    except _DAMAGED as error:
        raise RequestError(f"cannot read {file}: {error}") from error


def write_plan(folder: Path, plan: list[Trial] | Search, halving: Halving | None) -> None:
    """Write the file."""
    write_atomically(folder / FILE, json.dumps(plain_plan(plan, halving), indent=2) + "\n")


def plain_plan(plan: list[Trial] | Search, halving: Halving | None) -> dict[str, Any]:
    """The content of the file."""
    if isinstance(plan, Search):
        content = plan.as_dict()
    else:
        content = {"trials": [trial.as_dict() for trial in plan]}
    return {"halving": halving.as_dict(), **content} if halving else content


def read_trial(file: Path) -> Trial:
    """A run that a search has chosen, from its own file; raises RequestError if it is damaged."""
    try:
        return Trial.of(_read(file))
    except _DAMAGED as error:
        raise RequestError(f"cannot read {file}: {error}") from error


def _read(file: Path) -> dict[str, Any]:
    """The JSON object in a file; raises OSError, ValueError or TypeError without one."""
    found = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise TypeError("it is not a JSON object")
    return found
