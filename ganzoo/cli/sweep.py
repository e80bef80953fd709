"""``ganzoo sweep``: train all combinations of some settings."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.combinations import Combination, combinations
from ganzoo.cli.exit import STOPPED
from ganzoo.cli.flags import with_flags
from ganzoo.cli.options import DisablePlugin, Json, LocalPlugin, registry
from ganzoo.cli.request import Arguments, RecipeName, Request
from ganzoo.cli.table import table
from ganzoo.flags import FLAGS

if TYPE_CHECKING:
    from ganzoo.run import Run
    from ganzoo.sweeps.sweep import Sweep
    from ganzoo.sweeps.trial import Result, Trial


@with_flags([name for name in FLAGS if name != "devices"], lists=True)
def sweep(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DATASETS ARCHITECTURES LOSSES | FILE.toml]... [KEY=LIST]... | FOLDER",
            help="As for `ganzoo train`, with lists of values; or the folder of a sweep to resume.",
            show_default=False,
        ),
    ] = None,
    recipe: RecipeName = None,
    sweep_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The sweep folder to create; default: a numbered folder in sweeps/.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the combinations without training.")
    ] = False,
    as_json: Json = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
    *,
    flags: Mapping[str, str],
    added: Mapping[str, Sequence[str]],
) -> None:
    """Train all combinations of lists of values, one run after the other.

    Commas separate the values of a list, except inside brackets and double
    quotes. Give the FOLDER of a sweep that was stopped to resume it.

    Examples:
    - `ganzoo sweep blossoms dcgan,mlp hinge,wgan-gp seed=0,1 --steps 500`
    - `ganzoo sweep settings.toml 'train.generator.betas=[0,0.9],[0.5,0.999]' --dry-run`
    - `ganzoo sweep sweeps/blossoms-dcgan+mlp-hinge+wgan-gp-001`

    """
    from ganzoo.sweeps.naming import title
    from ganzoo.sweeps.sweep import Sweep
    from ganzoo.sweeps.trial import trials

    words = what or []
    if folder := _sweep_folder(words):
        others = (
            recipe,
            *added.values(),
            sweep_dir,
            dry_run,
            disable_plugin,
            plugin,
            *flags.keys() - {"device"},
        )
        _resume(folder, flags.get("device"), as_json, changed=len(words) > 1 or any(others))
        return
    assignments = (f"{FLAGS[name].key}={text}" for name, text in flags.items())
    chosen = combinations(Arguments.of([*words, *assignments]))
    runs = _resolve(chosen, Request(recipe, added, plugin, disable_plugin))
    new = trials([combination.differs for combination in chosen], runs)
    if dry_run:
        _show(new, as_json)
        return
    if sweep_dir:
        created = Sweep.create(sweep_dir, new)
    else:
        name = recipe.rpartition("/")[2] if recipe else title(runs)
        created = Sweep.create_numbered(Path("sweeps"), name, new)
    _train(created, {trial.name: run for trial, run in zip(new, runs, strict=True)}, as_json)


def _resolve(chosen: Sequence[Combination], request: Request) -> list[Run]:
    """The run of each combination.

    Raises RequestError for the first one that is not possible, with its number and values.
    """
    from ganzoo.errors import RequestError
    from ganzoo.sweeps.naming import describe
    from ganzoo.sweeps.sweep import require_one_process

    runs = []
    for number, (arguments, differs) in enumerate(chosen, 1):
        try:
            run = request.resolve(arguments, {})
            require_one_process(run)
        except RequestError as error:
            where = f" (in run {number}: {describe(differs)})" if differs else ""
            raise RequestError(f"{error}{where}") from error
        runs.append(run)
    return runs


def _sweep_folder(words: Sequence[str]) -> Path | None:
    """The folder of the sweep to resume: a single name is taken for one."""
    names = Arguments.of(words).names
    return Path(names[0]) if len(names) == 1 else None


def _resume(path: Path, device: str | None, as_json: bool, *, changed: bool) -> None:
    from ganzoo.api import flags
    from ganzoo.errors import RequestError
    from ganzoo.run import Run, plugin_files
    from ganzoo.settings import Settings
    from ganzoo.sweeps.sweep import FILE, Sweep

    existing = Sweep.open(path)
    if changed:
        raise RequestError(
            f"{path}: a sweep resumes with its own settings: remove everything except --device"
        )
    remaining: dict[str, Settings] = {}
    for trial in (trial for trial in existing.trials if not trial.is_done):
        remaining[trial.name] = settings = Settings()
        settings.add(trial.settings, str(path / FILE))
        settings.add(flags({"device": device}), "command line")
    files = {file: None for settings in remaining.values() for file in plugin_files(settings)}
    known = registry(None, list(files))
    runs = {name: Run.resolve(s, known, recommend=False) for name, s in remaining.items()}
    _train(existing, runs, as_json)


def _train(sweep: Sweep, runs: Mapping[str, Run], as_json: bool) -> None:
    from ganzoo.errors import Stopped
    from ganzoo.observers.console import ProgressBar
    from ganzoo.training.loop import Outcome

    hint = f"resume with: ganzoo sweep {sweep.path}"
    try:
        outcome = sweep.train(runs, ProgressBar())
    except KeyboardInterrupt:
        print(hint, file=sys.stderr)
        raise
    except Stopped:
        raise Stopped(f"stopped before the first step of a run; {hint}") from None
    results = sweep.results()
    if as_json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    else:
        print(sweep.path, *table(list(_rows(results))), sep="\n")
    if outcome is Outcome.STOPPED:
        print(hint, file=sys.stderr)
        raise typer.Exit(STOPPED)
    if any(result.state != Outcome.FINISHED.value for result in results):
        raise typer.Exit(1)


def _show(trials: Sequence[Trial], as_json: bool) -> None:
    from ganzoo.sweeps.naming import short_keys

    if as_json:
        print(json.dumps([asdict(trial) for trial in trials], indent=2))
        return
    rows = [(str(n), trial.name, *trial.differs.values()) for n, trial in enumerate(trials, 1)]
    print(*table([("run", "folder", *short_keys(trials[0].differs)), *rows]), sep="\n")


def _rows(results: Sequence[Result]) -> Iterator[list[str]]:
    """The table's headings, then one row per run; unknown values are a dash."""
    from ganzoo.sweeps.naming import short_keys

    scalars = list(dict.fromkeys(name for result in results for name in result.scalars))
    differing = short_keys(results[0].differs)
    yield ["run", *differing, "steps done", "images seen", "images/s", *scalars, "state"]
    for result in results:
        progress = (result.steps, result.images_seen, result.images_per_second)
        yield [
            str(result.number),
            *result.differs.values(),
            *("-" if value is None else f"{value:.0f}" for value in progress),
            *(f"{result.scalars[name]:.4g}" if name in result.scalars else "-" for name in scalars),
            result.state,
        ]
