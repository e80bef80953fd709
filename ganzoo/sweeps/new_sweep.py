"""A sweep before it has a folder: its runs or its search, its title, and its rungs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ganzoo.errors import RequestError
from ganzoo.launcher import require_single_process
from ganzoo.overwriting import require_folder
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.sweeps.comparable import evaluated, require_comparable_runs
from ganzoo.sweeps.halving import Halving, HalvingRequest
from ganzoo.sweeps.naming import title
from ganzoo.sweeps.search import Search
from ganzoo.sweeps.search_plan import plan
from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.trial import Trial, trials

Resolve = Callable[[Settings], Run]


@dataclass(frozen=True)
class NewSweep:
    """What a sweep will train."""

    plan: list[Trial] | Search
    title: str
    """The names of its components, and of the sampler of a search."""
    halving: Halving | None
    runs: Callable[[Trial], Run] | None = None
    """Gives the run of each trial; ``None`` for a search, which has not chosen any."""

    @classmethod
    def of_runs(
        cls,
        runs: Sequence[Run],
        differs: Sequence[dict[str, str]],
        halves: HalvingRequest | None,
    ) -> Self:
        """A sweep of these runs, each with the settings in which it differs from the others.

        Raises RequestError if they cannot be halved.
        """
        if halves:
            require_comparable_runs(runs)
        new = trials(differs, runs)
        by_name = {trial.name: run for trial, run in zip(new, runs, strict=True)}
        halving = halves.planned(len(runs), runs) if halves else None
        return cls(new, title(runs), halving, lambda trial: by_name[trial.name])

    @classmethod
    def of_search(
        cls,
        settings: Settings,
        lists: Mapping[str, Sequence[str]],
        resolve: Resolve,
        sampler: str,
        count: int,
        halves: HalvingRequest | None,
    ) -> Self:
        """A search with so many runs, which share these settings and differ in these lists.

        A list of one text is a range. Raises RequestError if a value of the space is not valid.
        """
        metric = halves.metric if halves else None
        search, run = plan(settings, lists, resolve, sampler, count, metric)
        _require_one_process(run)
        halving = halves.planned(count, [run]) if halves else None
        return cls(search, f"{title([run])}-{sampler}", halving)

    def create(self, folder: Path | None, recipe: str | None) -> Sweep:
        """Its folder; by default, the next free one in ``sweeps``, named by recipe or components.

        Raises RequestError if the folder exists already, or if it cannot be created.
        """
        parent = Path("sweeps") if folder is None else folder.parent
        require_folder(parent, "name another folder with --sweep-dir")
        if folder is not None:
            return Sweep.create(folder, self.plan, self.halving)
        name = recipe.rpartition("/")[2] if recipe else self.title
        return Sweep.create_numbered(parent, name, self.plan, self.halving)


def run_of_sweep(settings: Settings, resolve: Resolve, halves: HalvingRequest | None) -> Run:
    """The run of these settings, which is evaluated by the metric of a sweep that halves.

    Raises RequestError if it is not possible, or if it needs several processes.
    """
    run = evaluated(settings, resolve, halves.metric) if halves else resolve(settings)
    _require_one_process(run)
    return run


def _require_one_process(run: Run) -> None:
    """Raise RequestError if a run uses several processes, which a sweep cannot train."""
    require_single_process("a sweep")
    for name in ("devices", "nodes"):
        if (number := getattr(run.train, name) or 1) > 1:
            raise RequestError(f"train.{name}={number}: the runs of a sweep train in one process")
