"""``ganzoo bench``: measure the speed of a run on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.cli.flags import with_flags
from ganzoo.cli.options import DisablePlugin, Json, LocalPlugin, RecipeName
from ganzoo.cli.request import Arguments, Request
from ganzoo.errors import PluginError, RequestError, is_out_of_memory
from ganzoo.flags import FLAGS

if TYPE_CHECKING:
    from ganzoo.benchmark.measurement import Budget, Measurement
    from ganzoo.run import Run

    Zoo = dict[str, Measurement | str]
    """What was measured of each architecture, or why it was not."""

Flags = Mapping[str, Any]

What = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[DATASET ARCHITECTURE LOSS | FILE.toml]... [KEY=VALUE]...",
        help="As for `ganzoo train`; with --zoo DATASET LOSS only.",
        show_default=False,
    ),
]
WholeZoo = Annotated[
    bool, typer.Option("--zoo", help="Measure all installed architectures, one row each.")
]
Seconds = Annotated[float, typer.Option(min=0, help="How long steps are timed.")]
Steps = Annotated[
    int | None, typer.Option(min=1, help="How many steps are timed, instead of the seconds.")
]
Operators = Annotated[
    int, typer.Option(min=0, metavar="N", help="Also show the N slowest operators of torch.")
]


@with_flags(name for name in FLAGS if name not in ("steps", "epochs", "init_from", "nodes"))
def bench(
    what: What = None,
    recipe: RecipeName = None,
    zoo: WholeZoo = False,
    seconds: Seconds = 10.0,
    steps: Steps = None,
    operators: Operators = 0,
    as_json: Json = False,
    disable_plugin: DisablePlugin = None,
    plugin: LocalPlugin = None,
    *,
    flags: Flags,
    added: Mapping[str, Sequence[str]],
) -> None:
    """Measure the speed of training, its parts, and what this machine reaches at most.

    Steps are timed as training makes them, after a warm-up. Nothing is
    written but prepared images, and there is no run folder. Networks that
    grow are measured at their last stage.

    Examples:
    - `ganzoo bench blossoms dcgan wgan-gp`
    - `ganzoo bench image-folder stylegan2 hinge dataset.path=pics --precision bf16 --operators 10`
    - `ganzoo bench --recipe dcgan-small dataset=blossoms --seconds 30 --json`
    - `ganzoo bench --zoo blossoms non-saturating --resolution 32 --batch-size 16`

    """
    from ganzoo.benchmark.measurement import Budget

    request, budget = Request(recipe, added, plugin, disable_plugin), Budget(seconds, steps)
    arguments = Arguments.of(what or [])
    if zoo:
        _show_zoo(_measure_zoo(request, arguments, flags, budget), as_json)
        return
    run = _resolve(request, arguments, flags)
    found = _measure(run, budget)

    from ganzoo.training.engine import launched_as_main

    if launched_as_main(run.train):
        _show(found, operators, as_json)


def _resolve(request: Request, arguments: Arguments, flags: Flags) -> Run:
    run = request.resolve(arguments, flags)
    if (nodes := run.train.nodes or 1) > 1:
        raise RequestError(f"train.nodes={nodes}: one machine is measured: write train.nodes=1")
    return run


def _measure(run: Run, budget: Budget) -> Measurement:
    from ganzoo.benchmark.measurement import measure
    from ganzoo.observers.console import ProgressBar
    from ganzoo.observers.observer import ending

    with ending(ProgressBar()) as progress:
        return measure(run, budget, progress)


def _show(found: Measurement, operators: int, as_json: bool) -> None:
    from ganzoo.cli import benchmark_tables as tables
    from ganzoo.cli.table import print_table

    if as_json:
        print(json.dumps(tables.plain(found), indent=2))
        return
    print(*tables.title(found), sep="\n")
    shown = [tables.speed(found), tables.parts(found), tables.ceiling(found)]
    if operators:
        shown.append(tables.operators(found, operators))
    for rows in shown:
        print()
        print_table(rows)
    for note in found.notes:
        print("warning:", note, file=sys.stderr)


def _measure_zoo(request: Request, arguments: Arguments, flags: Flags, budget: Budget) -> Zoo:
    """What was measured of each architecture, or why it could not be."""
    from ganzoo.observers.console import show_progress

    if arguments.names and len(arguments.names) != 2:
        raise RequestError(
            f"expected two names with --zoo, DATASET LOSS, not {len(arguments.names)}: "
            f"{' '.join(arguments.names)}"
        )
    found: Zoo = {}
    names = request.installed("architecture", arguments)
    with show_progress("architecture", "measuring {} architectures") as show:
        for done, name in enumerate(names):
            show(done, len(names), name)
            try:
                found[name] = _measure_architecture(request, arguments, flags, name, budget)
            except (RequestError, PluginError) as error:
                found[name] = str(error)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                found[name] = "out of memory"
        show(len(names), len(names))
    if all(isinstance(each, str) for each in found.values()):
        raise RequestError(f"no architecture can be measured: {next(iter(found.values()))}")
    return found


def _measure_architecture(
    request: Request, arguments: Arguments, flags: Flags, name: str, budget: Budget
) -> Measurement:
    from ganzoo.benchmark.measurement import measure

    if arguments.names:
        dataset, loss = arguments.names
        chosen = arguments._replace(names=(dataset, name, loss))
    else:
        assignments = (*arguments.assignments, f"architecture={name}")
        chosen = arguments._replace(assignments=assignments)
    run = _resolve(request, chosen, flags)
    if (run.train.devices or 1) > 1:
        raise RequestError("--zoo measures one process: leave out --devices")
    found = measure(run, budget)
    if found.device.startswith("cuda"):
        return found
    # The memory of the process contains what earlier architectures have left.
    return replace(found, peak_memory=None)


def _show_zoo(found: Zoo, as_json: bool) -> None:
    from ganzoo.cli import benchmark_tables as tables
    from ganzoo.cli.table import print_table

    if as_json:
        print(json.dumps(tables.plain_zoo(found), indent=2))
        return
    print_table(tables.zoo(found))
    for name, each in found.items():
        notes = [each] if isinstance(each, str) else each.notes
        for note in notes:
            print(f"{name}: {note}", file=sys.stderr)
