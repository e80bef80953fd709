"""Plans a run: for images alone, or for a run whose components the user has chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ganzoo.errors import RequestError
from ganzoo.planning.measurements import evaluation_here, preparation_here, speed_here
from ganzoo.planning.plan import Plan, length_settings
from ganzoo.planning.recipe_choice import RecipeChoice
from ganzoo.planning.recipe_settings import RecipeSettings, to_end
from ganzoo.planning.request import ORIGIN, PlanRequest, skipping
from ganzoo.planning.time_record import TimeRecord
from ganzoo.planning.timetable import Timetable
from ganzoo.recommendations import remove_alternatives
from ganzoo.run import Run
from ganzoo.settings import Settings

_SHORT = 600.0
"""Seconds of a budget below which a run does not measure which memory format is faster."""


class Planned(NamedTuple):
    """A plan, and the run that follows from it."""

    plan: Plan
    settings: Settings
    """Those of the recipe, of the plan and of the user, without defaults."""
    run: Run
    before: TimeRecord | None = None
    """The time that the run has had already."""


def plan_for_images(request: PlanRequest) -> Planned:
    """The plan with the recipe that is best for the images of the user's dataset.

    Raises RequestError if no installed recipe has measured results, if none can be used for these
    images, or if the time is too short.
    """
    _require_results(request)
    found = request.inspect(request.given)
    recipes = RecipeSettings(request, found.images)
    if not recipes.candidates:
        raise RequestError(_why_none(recipes.left_out))
    choice = RecipeChoice(request, found, recipes)
    made = choice.decide()
    metrics = choice.evaluation.metrics if choice.evaluation else ()
    settings = recipes.of(made.recipe, made.size)
    values = {**made.settings, "evaluate.metrics": list(metrics), **_quick(request)}
    settings.add(values, ORIGIN)
    settings.update(request.given)
    remove_alternatives(settings)
    run = Run.resolve(settings, request.known)
    words = "; ".join([", ".join(_components(run)), *recipes.adapted(made.recipe).words])
    *first, times = made.reasons
    made = replace(made, reasons=[*first, f"settings: {words}", times])
    return Planned(made, settings, run)


def plan_for_run(request: PlanRequest) -> Planned:
    """The plan of a run with the components that the user has chosen: its length, by the time.

    Raises RequestError if the run is not possible, or if the time is too short.
    """
    settings = request.given.copy()
    settings.recommend(skipping(request.dataset.component), ORIGIN)
    run = Run.resolve(settings, request.known, measure=True)
    found = request.inspect(settings)
    speed = speed_here(run, found, request)
    cost, metrics = evaluation_here(run, found, request)
    clock = request.clock
    time = Timetable.of(
        *(clock.budget, clock.spent, speed, cost),
        count=found.images.count,
        preparation=preparation_here(run, found),
    )
    values = length_settings(time, speed, to_end=to_end(run))
    values |= {"evaluate.metrics": list(metrics)}
    length = {key: values.pop(key) for key in ("train.images", "train.max_time")}
    settings.add(length, ORIGIN)
    settings.recommend({**values, **_quick(request)}, ORIGIN)
    remove_alternatives(settings)
    shown = f"{time.images:,} images in training, {speed.images_per_second:,.0f} images/s"
    made = Plan(
        recipe="",
        size=(run.data.width, run.data.height),
        time=time,
        speed=speed,
        settings=length | values,
        reasons=[found.images.sentence(), f"length: {shown}", time.sentence()],
    )
    return Planned(made, settings, Run.resolve(settings, request.known))


def _require_results(request: PlanRequest) -> None:
    recipes = request.known.entries("recipe")
    if not any(getattr(entry.component, "results", "") for entry in recipes):
        raise RequestError(
            "no installed recipe has measured results to choose from: name an architecture and a "
            "loss, too, such as `ganzoo train DATASET ARCHITECTURE LOSS --budget 1h`"
        )


def _why_none(left_out: Mapping[str, str]) -> str:
    """Why no recipe can be used: one reason, if it is the same for all, such as a wrong setting."""
    if len(reasons := set(left_out.values())) == 1:
        return reasons.pop()
    listed = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
    return f"no recipe with measured results can be used: {listed}"


def _quick(request: PlanRequest) -> Mapping[str, Any]:
    """The memory format of a short run, which has no time to measure it."""
    return {"train.channels_last": True} if request.clock.budget < _SHORT else {}


def _components(run: Run) -> Iterator[str]:
    """The components of a run, in words."""
    yield f"architecture {run.architecture.entry.component.name}"
    yield f"loss {run.loss.entry.component.name}"
    for section, chosen in (("regularizers", run.regularize), ("augmentations", run.augment)):
        if chosen:
            yield f"{section} {' and '.join(chosen)}"
    yield f"batches of {run.train.batch_size}"
