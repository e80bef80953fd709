"""``ganzoo sweep``: train all combinations of some settings, or search for the best."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.flags import with_flags
from ganzoo.cli.options import DisablePlugin, Json, LocalPlugin, registry
from ganzoo.cli.request import Arguments, RecipeName, Request
from ganzoo.cli.sweep_plan import plan_combinations, plan_search
from ganzoo.cli.sweep_table import best_line, result_table, search_table, trial_table
from ganzoo.cli.table import table
from ganzoo.errors import STOPPED
from ganzoo.flags import FLAGS

if TYPE_CHECKING:
    from ganzoo.run import Run
    from ganzoo.sweeps.halving import Halving
    from ganzoo.sweeps.search import Search
    from ganzoo.sweeps.sweep import Sweep
    from ganzoo.sweeps.trial import Trial


@with_flags([name for name in FLAGS if name not in ("devices", "nodes")], lists=True)
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
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            max=1024,
            metavar="N",
            help="Train N runs at a time, each in a process of its own, on its own GPU if there "
            "are any.",
        ),
    ] = 1,
    search: Annotated[
        str | None,
        typer.Option(
            metavar="SAMPLER",
            help="Instead of all combinations, choose runs by the metrics of earlier ones: tpe, "
            "random or qmc. Values may be ranges.",
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100_000,
            metavar="N",
            help="Number of runs of a search; default: 20.",
        ),
    ] = None,
    halve: Annotated[
        str | None,
        typer.Option(
            metavar="METRIC",
            help="Train all runs for a part of their steps, and only the better half of them on, "
            "by this metric; again and again.",
        ),
    ] = None,
    factor: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=64,
            metavar="N",
            help="With --halve: the best 1/N go on, to N times as many steps; default: 2.",
        ),
    ] = None,
    rungs: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=16,
            metavar="N",
            help="With --halve: the number of lengths, the last of which is the whole; default: as "
            "many as the number of runs allows, at least 2.",
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
    """Train all combinations of lists of values, or search lists and ranges for the best.

    Commas separate the values of a list, except inside brackets and double
    quotes. Give the FOLDER of a sweep to resume it, or to work on it from
    another machine at the same time. In a search, A..B is a range, A..B:log one
    by magnitude, and A..B:STEP one with steps. With --halve, the runs that are
    worse by a metric end early.

    Examples:
    - `ganzoo sweep blossoms dcgan,mlp hinge,wgan-gp seed=0,1 --steps 500`
    - `ganzoo sweep settings.toml 'train.generator.betas=[0,0.9],[0.5,0.999]' --dry-run`
    - `ganzoo sweep sweeps/blossoms-dcgan+mlp-hinge+wgan-gp-001 --workers 4`
    - `ganzoo sweep blossoms dcgan hinge,wgan-gp --search tpe train.generator.lr=1e-5..1e-2`
    - `ganzoo sweep blossoms dcgan hinge,wgan-gp seed=0,1,2,3 --steps 800 --halve kid`

    """
    words = what or []
    if folder := _sweep_folder(words):
        own: tuple[object, ...] = (recipe, *added.values(), sweep_dir, search, dry_run)
        own = (*own, disable_plugin, plugin, *flags.keys() - {"device"}, *words[1:])
        _resume(
            folder,
            flags.get("device"),
            workers,
            trials,
            as_json,
            changed=any(own),
            halves=any((halve, factor, rungs)),
        )
        return
    assignments = (f"{FLAGS[name].key}={text}" for name, text in flags.items())
    arguments = Arguments.of([*words, *assignments])
    request = Request(recipe, added, plugin, disable_plugin)
    from ganzoo.sweeps.halving import HalvingRequest

    halves = HalvingRequest.of(halve, factor, rungs)
    plan: list[Trial] | Search
    if search is not None:
        plan, title, halving = plan_search(arguments, request, search, trials, halves)
        runs = None
    else:
        plan, title, runs, halving = plan_combinations(arguments, request, trials, halves)
    if dry_run:
        _show(plan, halving, as_json)
        return
    from ganzoo.sweeps.sweep import Sweep

    if sweep_dir:
        created = Sweep.create(sweep_dir, plan, halving)
    else:
        name = recipe.rpartition("/")[2] if recipe else title
        created = Sweep.create_numbered(Path("sweeps"), name, plan, halving)
    _train(created, runs, workers, None, as_json)


def _sweep_folder(words: Sequence[str]) -> Path | None:
    """The folder of the sweep to resume: a single name is taken for one."""
    names = Arguments.of(words).names
    return Path(names[0]) if len(names) == 1 else None


def _resume(
    path: Path,
    device: str | None,
    workers: int,
    trials: int | None,
    as_json: bool,
    *,
    changed: bool,
    halves: bool,
) -> None:
    from ganzoo.errors import RequestError
    from ganzoo.sweeps.stored_runs import StoredRuns
    from ganzoo.sweeps.sweep import Sweep

    existing = Sweep.open(path)
    if halves and not existing.rungs:
        raise RequestError(
            f"{path}: this sweep trains all runs to their end: start another one with --halve"
        )
    if changed or halves:
        raise RequestError(
            f"{path}: a sweep resumes with its own settings: remove everything except --device, "
            "--workers and, for a search, --trials"
        )
    if trials is not None:
        existing.lengthen(trials)
    existing.reopen()
    runs = StoredRuns(existing, device, lambda files: registry(None, list(files)))
    for trial in existing.open_trials:
        runs(trial)  # an error ends the command before it trains
    _train(existing, runs, workers, device, as_json)


def _train(
    sweep: Sweep,
    runs: Callable[[Trial], Run] | None,
    workers: int,
    device: str | None,
    as_json: bool,
) -> None:
    from ganzoo.errors import Stopped
    from ganzoo.sweeps.rungs import OUT
    from ganzoo.sweeps.training import train
    from ganzoo.sweeps.trial_folder import FINISHED, RUNNING

    hint = f"resume with: ganzoo sweep {sweep.path}"
    stopped = False
    try:
        if sweep.is_incomplete:
            stopped = train(sweep, runs, workers=workers, device=device)
    except KeyboardInterrupt:
        print(hint, file=sys.stderr)
        raise
    except Stopped:
        raise Stopped(f"stopped before the first step of a run; {hint}") from None
    results = sweep.results()
    if as_json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    else:
        print(sweep.path, *result_table(results, sweep), sep="\n")
        if line := best_line(results, sweep):
            print(line)
    if stopped:
        print(hint, file=sys.stderr)
        raise typer.Exit(STOPPED)
    if running := sum(result.state == RUNNING for result in results):
        print(f"other processes still train {running} of these runs", file=sys.stderr)
    if not all(result.state.startswith((FINISHED, RUNNING, OUT)) for result in results):
        raise typer.Exit(1)


def _show(plan: list[Trial] | Search, halving: Halving | None, as_json: bool) -> None:
    plain: Any
    if isinstance(plan, list):
        plain, lines = [trial.as_dict() for trial in plan], trial_table(plan)
    else:
        plain, lines = plan.as_dict(), search_table(plan)
    if halving:
        trials = {"trials": plain} if isinstance(plan, list) else plain
        plain = {"halving": halving.as_dict(), **trials}
    if as_json:
        print(json.dumps(plain, indent=2))
    else:
        print(*table(lines), sep="\n")
        if halving:
            count = len(plan) if isinstance(plan, list) else plan.trials
            print(f"halved by {halving.metric}: {halving.describe(count)}")
