"""Plans more time for a run that was planned before."""

from __future__ import annotations

from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder
from ganzoo.planning.budget import require_remaining
from ganzoo.planning.plan import Plan, length_settings
from ganzoo.planning.planner import Planned
from ganzoo.planning.recipe_settings import to_end
from ganzoo.planning.request import LENGTHS, ORIGIN, PlanRequest
from ganzoo.planning.time_record import TimeRecord
from ganzoo.planning.timetable import Timetable, TooShort
from ganzoo.run import Run
from ganzoo.settings import Settings
from ganzoo.training.checkpoint import Checkpoints


def plan_continuation(folder: RunFolder, request: PlanRequest) -> Planned:
    """The plan for the remaining time of a run; nothing is measured again.

    Raises RequestError if the run was not planned, if it has other images, or if too little of the
    budget remains.
    """
    record, clock = _record_of(folder, request.clock.budget), request.clock
    settings = _settings_of(folder, request)
    run = Run.resolve(settings, request.known, recommend=False)
    try:
        time = Timetable.of(
            *(clock.budget - record.spent, clock.spent, record.speed, record.evaluation),
            count=run.evaluate.real,
            most=(run.evaluate.samples, run.evaluate.real),
        )
    except TooShort as error:
        require_remaining(clock.budget, record.spent, folder.path, error.needed)
        raise
    # The newest checkpoint may have more images than the record, after `ganzoo resume`.
    seen = max(record.images, Checkpoints(folder.checkpoints, keep=1).images_seen())
    length = length_settings(time, record.speed, to_end=to_end(run))
    values = {
        "train.images": seen + length["train.images"],
        "train.max_time": length["train.max_time"],
    }
    settings.add(values, ORIGIN)
    had = f"{folder.path} goes on: it has had {record.spent:.0f} s and {seen:,} images"
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
    return Planned(made, settings, Run.resolve(settings, request.known, recommend=False), record)


def _settings_of(folder: RunFolder, request: PlanRequest) -> Settings:
    """The settings of the run, below those of the user, without a length.

    Raises RequestError if the user's dataset is another one.
    """
    settings = Settings.of_run(folder)
    before = Run.resolve(settings, request.known, recommend=False).tree()["dataset"]
    settings.update(request.given)
    for key in LENGTHS:
        settings.drop(key)
    now = Run.resolve(settings, request.known, recommend=False).tree()["dataset"]
    for key, value in now.items():
        if before.get(key) != value:
            raise RequestError(
                f"{folder.path} has other images, with dataset.{key}={before.get(key)}: name "
                "another folder with --run-dir"
            )
    return settings


def _record_of(folder: RunFolder, budget: float) -> TimeRecord:
    """The time that a run has had; raises RequestError if that is not known, or all there is."""
    record = TimeRecord.read(folder.path)
    if record is None:
        RunFolder.require_free(folder.path)
    assert record
    require_remaining(budget, record.spent, folder.path)
    return record
