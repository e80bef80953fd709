"""Plans more time for a run that was planned before."""

from __future__ import annotations

from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder
from ganzoo.planning.clock import LEAST
from ganzoo.planning.plan import Plan, length_settings
from ganzoo.planning.planner import Planned
from ganzoo.planning.recipe_settings import to_end
from ganzoo.planning.record import TimeRecord
from ganzoo.planning.request import ORIGIN, PlanRequest
from ganzoo.planning.timetable import Timetable
from ganzoo.run import Run
from ganzoo.settings import Settings


def plan_more(folder: RunFolder, request: PlanRequest) -> Planned:
    """The plan for the remaining time of a run; nothing is measured again.

    Raises RequestError if the run was not planned, if it has other images, or if too little of the
    budget remains.
    """
    record, settings = _record_of(folder, request.clock.budget), Settings.of_run(folder)
    before = Run.resolve(settings, request.known, recommend=False).tree()["dataset"]
    settings.update(request.given)
    run = Run.resolve(settings, request.known, recommend=False)
    for key, value in run.tree()["dataset"].items():
        if before.get(key) != value:
            raise RequestError(
                f"{folder.path} has other images, with dataset.{key}={before.get(key)}: name "
                "another folder with --run-dir"
            )
    clock, evaluate = request.clock, run.evaluate
    remaining = clock.budget - record.spent
    time = Timetable.of(
        *(remaining, clock.spent, record.speed, record.evaluation),
        count=evaluate.real,
        most=(evaluate.samples, evaluate.real),
    )
    length = length_settings(time, record.speed, to_end=to_end(run))
    values = {
        "train.images": record.images + length["train.images"],
        "train.max_time": length["train.max_time"],
    }
    settings.add(values, ORIGIN)
    settings.drop("train.steps")
    had = f"{folder.path} goes on: it has had {record.spent:.0f} s and {record.images:,} images"
    if to_end(run):
        had += "; settings that change until its end now change until the new end"
    made = Plan(
        recipe="",
        size=(run.data.width, run.data.height),
        time=time,
        speed=record.speed,
        settings=values,
        reasons=[had, time.sentence()],
    )
    run = Run.resolve(settings, request.known, recommend=False)
    return Planned(made, settings, run, record)


def _record_of(folder: RunFolder, budget: float) -> TimeRecord:
    """The time that a run has had; raises RequestError if that is not known, or all there is."""
    record = TimeRecord.read(folder.path)
    if record is None:
        RunFolder.require_free(folder.path)
    assert record
    if budget - record.spent < LEAST:
        raise RequestError(
            f"{folder.path} has had {record.spent:.0f} s already: to go on with it, give a budget "
            f"of {record.spent + LEAST:.0f}s or more"
        )
    return record
