"""``ganzoo resume``: continue training a run."""

from __future__ import annotations

from typing import Annotated

import typer

from ganzoo.cli.options import DisablePlugin, RunArgument, registry
from ganzoo.flags import FLAGS


def resume(
    run: RunArgument,
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="The new total number of steps, including those already done."),
    ] = None,
    device: Annotated[str | None, typer.Option(help=FLAGS["device"].help)] = None,
    disable_plugin: DisablePlugin = None,
) -> None:
    """Resume a run from its newest checkpoint; the result is the same as without the stop.

    Examples: `ganzoo resume runs/blossoms-dcgan-wgan-gp-001 --steps 20000`,
    `ganzoo resume RUN dataset.path=/mnt/images`.
    """
    from ganzoo.arguments import flags
    from ganzoo.cli.processes import start_processes
    from ganzoo.existing_runs import stored_settings
    from ganzoo.folders import RunFolder
    from ganzoo.run import Run, plugin_files

    folder = RunFolder.open(run)
    settings = stored_settings(folder.path)
    settings.override(changes or [])
    settings.add(flags({"steps": steps, "device": device}), "command line")
    known = registry(disable_plugin, plugin_files(settings))
    resolved = Run.resolve(settings, known, recommend=False)

    start_processes(resolved)

    from ganzoo.cli.exit import finish_training
    from ganzoo.cli.moved_dataset import hint_if_dataset_moved
    from ganzoo.observers.console import ProgressBar
    from ganzoo.training import session

    with hint_if_dataset_moved(resolved):
        outcome = session.resume(resolved, folder, ProgressBar())
    finish_training(resolved, folder, outcome)
