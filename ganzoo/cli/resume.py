"""``ganzoo resume``: go on with a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.options import DisablePlugin, registry


def resume(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="The new number of steps in all.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = None,
    disable_plugin: DisablePlugin = None,
) -> None:
    """Go on with a run from its newest checkpoint, as if it had never stopped.

    Examples: `ganzoo resume runs/blossoms-dcgan-wgan-gp-001 --steps 20000`,
    `ganzoo resume RUN dataset.path=/mnt/images`.
    """
    from ganzoo.api import flags, stored_settings
    from ganzoo.folders import RunFolder
    from ganzoo.run import Run, plugin_files

    folder = RunFolder.open(run)
    settings = stored_settings(folder)
    settings.override(changes or [])
    settings.add(flags({"steps": steps, "device": device}), "command line")
    known = registry(disable_plugin, plugin_files(settings))
    resolved = Run.resolve(settings, known, recommend=False)

    from ganzoo.cli.exit import end
    from ganzoo.cli.moved import naming_moved
    from ganzoo.observers.console import ProgressBar
    from ganzoo.training import session

    with naming_moved(resolved):
        outcome = session.resume(resolved, folder, ProgressBar())
    end(resolved, folder, outcome)
