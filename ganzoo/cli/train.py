"""``ganzoo train``: a new run, from names, a file or a recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.known import LocalPlugin, Without, registry

if TYPE_CHECKING:
    from ganzoo.folders import RunFolder
    from ganzoo.registry import Registry
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
    recipe: Annotated[str | None, typer.Option(help="Start from a recipe's settings.")] = None,
    augment: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Add an augmentation; repeatable.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The run's folder, which must not exist.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show every setting and its origin; train nothing.")
    ] = False,
    without: Without = None,
    plugin: LocalPlugin = None,
    resolution: Annotated[
        int | None, typer.Option(help="Pictures' height and width.", rich_help_panel=_SETTINGS)
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Pictures in a batch.", rich_help_panel=_SETTINGS)
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Steps in all.", rich_help_panel=_SETTINGS)
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(help="Passes over the pictures.", rich_help_panel=_SETTINGS)
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

    Every setting has a dotted key; `--dry-run` shows them all, `ganzoo info NAME` what they mean.

    Examples:
    - `ganzoo train blossoms dcgan wgan-gp`
    - `ganzoo train image-folder dcgan hinge dataset.path=pics --resolution 64 --augment flip`
    - `ganzoo train mnist mlp non-saturating train.generator.lr=1e-4 augment.rotate.degrees=15`
    - `ganzoo train settings.toml --steps 50000`

    """
    from ganzoo.api import flags, folder_maker
    from ganzoo.run import Run, plugin_files
    from ganzoo.settings import Settings

    settings = Settings()
    _read_arguments(settings, what or [])
    named = [*plugin_files(settings), *(file.absolute() for file in plugin or ())]
    files = list(dict.fromkeys(named))
    known = registry(without, files)
    if recipe:  # which may come from one of those files, and which everything else goes over
        settings = _recipe(known, recipe)
        _read_arguments(settings, what or [])
    if plugin:
        settings.set("plugins", [str(file) for file in files], "command line")
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
    settings.add(flags(given), "command line")
    settings.recommend({f"augment.{name}": {} for name in augment or ()}, "command line")
    resolved = Run.resolve(settings, known)
    if dry_run:
        _show(resolved, settings)
        return
    _train(resolved, folder_maker(resolved, run))


def _recipe(known: Registry, name: str) -> Settings:
    from ganzoo.components import Recipe
    from ganzoo.settings import Settings

    component = known.find("recipe", name).component
    assert isinstance(component, Recipe)
    settings = Settings()
    settings.parse(component.read(), origin=f"recipe {name}")
    return settings


def _read_arguments(settings: Settings, arguments: list[str]) -> None:
    """Files from left to right, then the three names, then single values from left to right."""
    from ganzoo.errors import RequestError
    from ganzoo.settings import NAMED

    assignments = [text for text in arguments if "=" in text]
    files = [t for t in arguments if t not in assignments and t.lower().endswith(".toml")]
    names = [text for text in arguments if text not in assignments and text not in files]
    if names and len(names) != len(NAMED):
        raise RequestError(
            f"expected DATASET ARCHITECTURE LOSS, three names, not {len(names)}: {' '.join(names)}"
        )
    for file in files:
        settings.read(Path(file))
    for kind, name in zip(NAMED, names, strict=False):
        settings.set(kind, name, "command line")
    settings.override(assignments)


def _show(run: Run, settings: Settings) -> None:
    from ganzoo.settings import explain

    explained = explain(run.tree(), settings.origins)
    rows = [(key, str(value), origin) for key, value, origin in explained]
    keys, values = (max(len(row[column]) for row in rows) for column in (0, 1))
    for key, value, origin in [("key", "value", "from"), *rows]:
        print(f"{key:{keys}}  {value:{values}}  {origin}")


def _train(run: Run, folder: Callable[[], RunFolder]) -> None:
    from ganzoo.cli.ending import end
    from ganzoo.observing.console import ProgressBar
    from ganzoo.training import session

    end(*session.train(run, folder, ProgressBar()))
