"""How a command that trained leaves: what it says, and its status."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ganzoo.folders import RunFolder
    from ganzoo.training.loop import Outcome

STOPPED = 75
"""The status of a run that stopped on request and can be resumed (EX_TEMPFAIL)."""


def end(folder: RunFolder, outcome: Outcome) -> None:
    """Say where the run is, and leave with its status; of several processes the first alone."""
    from ganzoo.training.loop import Outcome

    if os.environ.get("LOCAL_RANK", "0") != "0":
        return
    print(folder.path)
    if outcome is Outcome.STOPPED:
        raise typer.Exit(STOPPED)
