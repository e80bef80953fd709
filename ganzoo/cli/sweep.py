"""``ganzoo sweep``: train all combinations of some settings, or search for the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.flags import with_flags
from ganzoo.cli.options import DisablePlugin, Json, LocalPlugin, RecipeName, given_options
from ganzoo.cli.request import Arguments, Request
from ganzoo.errors import RequestError
from ganzoo.flags import FLAGS

if TYPE_CHECKING:
    from ganzoo.sweeps.sweep import Sweep

What = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[DATASETS ARCHITECTURES LOSSES | FILE.toml]... [KEY=LIST]... | FOLDER",
        help="As for `ganzoo train`, with lists of values; or the folder of a sweep to resume.",
        show_default=False,
    ),
]
SweepFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="The sweep folder to create; default: a numbered folder in sweeps/.",
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        min=1,
        max=1024,
        metavar="N",
        help="Train N runs at a time, each in a process of its own, on its own GPU if there "
        "are any.",
    ),
]
Sampler = Annotated[
    str | None,
    typer.Option(
        metavar="SAMPLER",
        help="Instead of all combinations, choose runs by the metrics of earlier ones: tpe, "
        "random or qmc. Values may be ranges.",
    ),
]
Trials = Annotated[
    int | None,
    typer.Option(min=1, max=100_000, metavar="N", help="Number of runs of a search; default: 20."),
]
Halve = Annotated[
    str | None,
    typer.Option(
        metavar="METRIC",
        help="Train all runs for a part of their steps, then only the half that is better by this "
        "metric for twice as many, and so on.",
    ),
]
Factor = Annotated[
    int | None,
    typer.Option(
        min=2,
        max=64,
        metavar="N",
        help="With --halve: the best 1/N go on, to N times as many steps; default: 2.",
    ),
]
Rungs = Annotated[
    int | None,
    typer.Option(
        min=2,
        max=16,
        metavar="N",
        help="With --halve: the number of lengths to which runs are trained, with the full one; "
        "default: as many as the number of runs allows.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the combinations without training.")]


@with_flags([name for name in FLAGS if name not in ("devices", "nodes")], lists=True)
def sweep(
    context: typer.Context,
    what: What = None,
    recipe: RecipeName = None,
    sweep_dir: SweepFolder = None,
    workers: Workers = 1,
    search: Sampler = None,
    trials: Trials = None,
    halve: Halve = None,
    factor: Factor = None,
    rungs: Rungs = None,
    dry_run: DryRun = False,
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
    another machine at the same time. In a search, A..B is a range, A..B:log a
    range on a logarithmic scale, and A..B:STEP a range with steps. With --halve,
    the runs that are worse by a metric end early.

    Examples:
    - `ganzoo sweep blossoms dcgan,mlp hinge,wgan-gp seed=0,1 --steps 500`
    - `ganzoo sweep settings.toml 'train.generator.betas=[0,0.9],[0.5,0.999]' --dry-run`
    - `ganzoo sweep sweeps/blossoms-dcgan+mlp-hinge+wgan-gp-001 --workers 4`
    - `ganzoo sweep blossoms dcgan hinge,wgan-gp --search tpe train.generator.lr=1e-5..1e-2`
    - `ganzoo sweep blossoms dcgan hinge,wgan-gp seed=0,1,2,3 --steps 800 --halve kid`

    """
    from ganzoo.cli.sweep_plan import plan_combinations, plan_search
    from ganzoo.cli.sweep_table import print_plan
    from ganzoo.cli.sweep_training import resume, train
    from ganzoo.sweeps.halving import HalvingRequest
    from ganzoo.sweeps.sweep import Sweep

    words = what or []
    if folder := _sweep_folder(words, recipe):
        existing = Sweep.open(folder)
        _refuse_changes(existing, words, given_options(context).keys())
        resume(existing, workers, flags.get("device"), trials, as_json)
        return
    assignments = (f"{FLAGS[name].key}={text}" for name, text in flags.items())
    arguments = Arguments.of([*words, *assignments])
    request = Request(recipe, added, plugin, disable_plugin)
    halves = HalvingRequest.of(halve, factor, rungs)
    if search is not None:
        new = plan_search(arguments, request, search, trials, halves)
    else:
        new = plan_combinations(arguments, request, trials, halves)
    if dry_run:
        print_plan(new, as_json)
    else:
        train(new.create(sweep_dir, recipe), new.runs, workers, None, as_json)


def _sweep_folder(words: Sequence[str], recipe: str | None) -> Path | None:
    """The folder of the sweep to resume: a single name, unless other words or a recipe follow it.

    With these, it is the dataset of a new sweep, unless it is the folder of one.
    """
    from ganzoo.sweeps.sweep_file import FILE

    names = Arguments.of(words).names
    if len(names) != 1 or ((words[1:] or recipe) and not (Path(names[0]) / FILE).is_file()):
        return None
    return Path(names[0])


_OF_HALVING = {"halve", "factor", "rungs"}
_OF_RESUMING = {"what", "workers", "trials", "device", "as_json"}
"""All options with which a sweep can be resumed."""


def _refuse_changes(sweep: Sweep, words: Sequence[str], options: Set[str]) -> None:
    """Raise RequestError if the command would change the settings of an existing sweep."""
    if options & _OF_HALVING and not sweep.rungs:
        raise RequestError(
            f"{sweep.path}: this sweep trains all runs to their end: start another one with --halve"
        )
    if options - _OF_RESUMING or words[1:]:
        raise RequestError(
            f"{sweep.path}: a sweep resumes with its own settings: remove everything except "
            "--device, --workers and, for a search, --trials"
        )
