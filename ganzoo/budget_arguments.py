"""The arguments of ``train`` with a budget: its plan, and its training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ganzoo.arguments import RunArguments
from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder
from ganzoo.launcher import require_single_process
from ganzoo.new_run_folder import folder_maker, require_possible
from ganzoo.settings import MAIN_KINDS

if TYPE_CHECKING:
    from ganzoo.observers.observer import Observer
    from ganzoo.planning.budget import Clock
    from ganzoo.planning.planner import Planned
    from ganzoo.planning.training import Trained
    from ganzoo.registry import Registry
    from ganzoo.settings import Settings


class BudgetRequest(NamedTuple):
    """What a run is planned for."""

    settings: Settings
    known: Registry
    clock: Clock
    run_dir: Path | None
    chooses: bool
    """Whether the components are the user's, so that only the length is planned."""
    name: str = ""
    """What the user calls the images."""

    @property
    def goes_on(self) -> bool:
        """Whether the run folder exists, so that its run gets more time."""
        return self.run_dir is not None and not RunFolder.is_free(self.run_dir)

    def check_folder(self) -> None:
        """Raise RequestError if the folder of a new run cannot be created."""
        if not self.goes_on:
            require_possible(self.run_dir)

    def plan(self, progress: Observer) -> Planned:
        """The plan of a new run, or of more time for the run in the run folder.

        Raises RequestError if there is none for these images and this time.
        """
        from ganzoo.planning.continuation import plan_continuation
        from ganzoo.planning.planner import plan_for_images, plan_for_run
        from ganzoo.planning.request import PlanRequest

        require_single_process("a budget")
        request = PlanRequest(
            known=self.known,
            given=self.settings,
            clock=self.clock,
            progress=progress,
            name=self.name,
        )
        if self.run_dir and self.goes_on:
            return plan_continuation(RunFolder(self.run_dir), request)
        return plan_for_run(request) if self.chooses else plan_for_images(request)

    def train(
        self, planned: Planned, progress: Observer, others: Sequence[Observer] = ()
    ) -> Trained:
        """Train and evaluate what was planned."""
        from ganzoo.planning.training import continue_planned, train_planned

        if self.run_dir and planned.before:
            return continue_planned(planned, RunFolder(self.run_dir), self.clock, progress, others)
        create = folder_maker(planned.run, self.run_dir)
        return train_planned(planned, create, self.clock, progress, others)


def require_names(count: int, *, others: bool) -> None:
    """Raise RequestError unless a dataset alone or three components were named.

    With ``others``, a recipe or a settings file may name them all.
    """
    if count not in (1, len(MAIN_KINDS)) and (count or not others):
        raise RequestError(
            "expected one dataset or path, or DATASET ARCHITECTURE LOSS, with a budget, not "
            f"{count} names"
        )


def python_request(arguments: RunArguments, clock: Clock, run_dir: Path | None) -> BudgetRequest:
    """The request of a Python program.

    Raises RequestError if a name or a value is wrong.
    """
    named = [kind for kind in MAIN_KINDS if arguments.components.get(kind) is not None]
    has_settings = bool(arguments.recipe or arguments.files)
    require_names(len(named), others=has_settings)
    dataset, name = arguments.components["dataset"], ""
    if isinstance(dataset, str) and len(named) == 1:
        name, arguments = dataset, arguments.with_dataset(dataset)
    settings, known = arguments.opening().settings()
    chooses = len(named) != 1 or has_settings
    return BudgetRequest(settings, known, clock, run_dir, chooses, name)
