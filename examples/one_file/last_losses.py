"""A command in one file: ``ganzoo --plugin last_losses.py last-losses RUN``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganzoo import CommandSpec, Journal, RequestError, RunFolder, hookimpl


def last_losses(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.")],
    digits: Annotated[int, typer.Option(min=1, max=17, help="Digits of each loss.")] = 4,
) -> None:
    """Print the losses of a run's last report.

    Example: `ganzoo last-losses runs/blossoms-dcgan-wgan-gp-001`.
    """
    journal = Journal.read(RunFolder.open(run).metrics)
    if not journal.lines:
        raise RequestError(f"{run} has no reports yet: train it until the first one")
    print(f"step {journal.steps}")
    for name, value in journal.last("loss/").items():
        print(f"{name.removeprefix('loss/')}  {value:.{digits}g}")


@hookimpl
def ganzoo_commands() -> list[CommandSpec]:
    """One command."""
    return [
        CommandSpec(
            name="last-losses",
            summary="Print the losses of a run's last report.",
            factory="last_losses:last_losses",
        )
    ]
