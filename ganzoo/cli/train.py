"""``ganzoo train``: train a new run, from names, settings files or a recipe."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.flags import with_flags
from ganzoo.cli.options import DisablePlugin, LocalPlugin, RecipeName
from ganzoo.cli.request import Arguments, Request
from ganzoo.cli.run_summary import run_summary
from ganzoo.cli.table import table

if TYPE_CHECKING:
    from ganzoo.run import Run

What = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[DATASET ARCHITECTURE LOSS | FILE.toml]... [KEY=VALUE]...",
        help="The names of a dataset, an architecture and a loss, or settings files; then "
        "single settings. The path of your images may stand for the dataset. With --budget "
        "or --recipe, one of the two is enough.",
        show_default=False,
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Train and evaluate within this time, such as 10m or 1.5h; ganzoo chooses "
        "all that you do not give.",
    ),
]
NewRunFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="The run folder to create, or an empty folder; default: a numbered folder in runs/.",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Show all settings and where each comes from, without training."
    ),
]


@with_flags()
def train(
    what: What = None,
    recipe: RecipeName = None,
    budget: Budget = None,
    run_dir: NewRunFolder = None,
    dry_run: DryRun = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
    *,
    flags: Mapping[str, Any],
    added: Mapping[str, Sequence[str]],
) -> None:
    """Train a new run: a dataset, an architecture and a loss.

    Settings are written as KEY=VALUE, such as train.batch_size=32. The option
    `--dry-run` shows all settings of a run, and `ganzoo info KEY` explains one.

    With `--budget`, ganzoo chooses all that you do not give by your images, your
    machine and the measured results of recipes. The same command with a longer
    time and the same `--run-dir` continues the run.

    Examples:
    - `ganzoo train ./images --budget 1h`
    - `ganzoo train ./images --recipe fast`
    - `ganzoo train blossoms dcgan wgan-gp`
    - `ganzoo train ./images dcgan hinge --resolution 64 --augment flip`
    - `ganzoo train mnist mlp non-saturating train.generator.lr=1e-4 augment.rotate.degrees=15`
    - `ganzoo train settings.toml --steps 50000`

    """
    request = Request(recipe, added, plugin, disable_plugin)
    arguments = Arguments.of(what or [])
    if budget is not None:
        from ganzoo.cli.budget import budget_request, show_plan, train_in_time

        asked = budget_request(budget, request, arguments, flags, run_dir)
        if dry_run:
            show_plan(asked, _show)
            return
        words = [*arguments.files, *arguments.names, *(["--recipe", recipe] if recipe else [])]
        words += [word for file in plugin or () for word in ("--plugin", str(file))]
        words += [word for name in disable_plugin or () for word in ("--disable-plugin", name)]
        train_in_time(asked, ["ganzoo", "train", *words])
        return
    resolved = request.resolve(arguments, flags)
    if dry_run:
        _show(resolved)
        return
    _train(resolved, run_dir)


def _show(run: Run) -> None:
    from ganzoo.settings import explain

    explained = explain(run.tree(), run.origins)
    rows = [(key, str(value), origin) for key, value, origin in explained]
    print(*table([("key", "value", "from"), *rows]), sep="\n", flush=True)
    print(*run_summary(run), sep="\n", file=sys.stderr)


def _train(run: Run, run_dir: Path | None) -> None:
    from ganzoo.cli.processes import start_processes
    from ganzoo.new_run_folder import folder_maker, restarted_folder

    restarted = restarted_folder(run, run_dir, run.train.restarts)
    create = None if restarted else folder_maker(run, run_dir)
    start_processes(run)

    from ganzoo.cli.exit import finish_training
    from ganzoo.observers.console import ProgressBar
    from ganzoo.training import session
    from ganzoo.training.speed_settings import as_started

    if restarted:
        run = as_started(run, restarted)
        finish_training(run, restarted, session.resume(run, restarted, ProgressBar()))
    elif create:
        finish_training(run, *session.train(run, create, ProgressBar()))
