"""``ganzoo train``: a new run, from names, a file or a recipe."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.options import DisablePlugin, LocalPlugin
from ganzoo.cli.outlook import outlook
from ganzoo.cli.request import Augmentations, RecipeName, Request, Words
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from ganzoo.folders import RunFolder
    from ganzoo.run import Run
    from ganzoo.settings import Settings

_SETTINGS = "Settings that everyone uses"


def train(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DATASET ARCHITECTURE LOSS | FILE.toml]... [KEY=VALUE]...",
            help="Three names, or settings files; then single settings by their dotted key.",
            show_default=False,
        ),
    ] = None,
    recipe: RecipeName = None,
    augment: Augmentations = None,
    run_dir: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The run's folder; it must not exist yet.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show every setting and its origin; train nothing.")
    ] = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
    resolution: Annotated[
        str | None,
        typer.Option(help="Images' height and width, or 64x48.", rich_help_panel=_SETTINGS),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Images in a batch.", rich_help_panel=_SETTINGS)
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Steps in all.", rich_help_panel=_SETTINGS)
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(help="Passes over the images.", rich_help_panel=_SETTINGS)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="All randomness follows from it.", rich_help_panel=_SETTINGS)
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="auto, cpu, cuda, cuda:N or mps.", rich_help_panel=_SETTINGS),
    ] = None,
    devices: Annotated[
        int | None, typer.Option(help="Processes to train with.", rich_help_panel=_SETTINGS)
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="fp32, tf32 or bf16.", rich_help_panel=_SETTINGS)
    ] = None,
) -> None:
    """Train a new run.

    Every setting has a dotted key; `--dry-run` shows them all, `ganzoo info KEY` what they mean.

    Examples:
    - `ganzoo train blossoms dcgan wgan-gp`
    - `ganzoo train image-folder dcgan hinge dataset.path=pics --resolution 64 --augment flip`
    - `ganzoo train mnist mlp non-saturating train.generator.lr=1e-4 augment.rotate.degrees=15`
    - `ganzoo train settings.toml --steps 50000`

    """
    from ganzoo.api import folder_maker

    given = {
        "resolution": resolution,
        "batch_size": batch_size,
        "steps": steps,
        "epochs": epochs,
        "seed": seed,
        "device": device,
        "devices": devices,
        "precision": precision,
    }
    request = Request(recipe, augment, plugin, disable_plugin)
    resolved, settings = request.resolve(Words.of(what or []), given)
    if dry_run:
        _show(resolved, settings)
        return
    _train(resolved, folder_maker(resolved, run_dir))


def _show(run: Run, settings: Settings) -> None:
    from ganzoo.settings import explain

    explained = explain(run.tree(), settings.origins)
    rows = [(key, str(value), origin) for key, value, origin in explained]
    print(*table([("key", "value", "from"), *rows]), sep="\n", flush=True)
    print(*outlook(run), sep="\n", file=sys.stderr)


def _train(run: Run, folder: Callable[[], RunFolder]) -> None:
    from ganzoo.cli.exit import end
    from ganzoo.observers.console import ProgressBar
    from ganzoo.training import session

    end(run, *session.train(run, folder, ProgressBar()))
