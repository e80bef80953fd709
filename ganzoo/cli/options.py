"""Options of the commands that work with a trained run."""

from __future__ import annotations

from typing import Annotated

import typer

Checkpoint = Annotated[str, typer.Option(metavar="WHICH", help="last, best or a step.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:N or mps.")]
ClassName = Annotated[
    str | None, typer.Option("--class", metavar="NAME", help="Only pictures of this class.")
]
