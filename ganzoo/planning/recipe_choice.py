"""Measures the recipes that may be best on this machine, and chooses one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ganzoo.errors import PluginError, RequestError, is_out_of_memory
from ganzoo.planning.candidates import Candidate
from ganzoo.planning.forecast import Forecast, Machine, PlanFacts, doubled, may_be_larger
from ganzoo.planning.images import Size
from ganzoo.planning.inspected_dataset import InspectedDataset
from ganzoo.planning.measurements import (
    EvaluationFacts,
    evaluation_here,
    operations_here,
    preparation_here,
    speed_here,
)
from ganzoo.planning.plan import Plan, plan
from ganzoo.planning.ranking import rank
from ganzoo.planning.recipe_settings import RecipeSettings
from ganzoo.planning.request import PlanRequest
from ganzoo.planning.timetable import Speed

_MEASURED = 3
"""Recipes whose speed is measured."""
_LONGEST = 0.2
"""The part of the budget after which no other recipe is measured."""


class RecipeChoice:
    """Chooses a recipe; the speed of those that were not measured here is estimated."""

    def __init__(
        self, request: PlanRequest, found: InspectedDataset, recipes: RecipeSettings
    ) -> None:
        self._request = request
        self._found = found
        self._recipes = recipes
        self._operations = 0.0
        self._speeds: dict[tuple[str, Size], Speed] = {}
        self._preparation: dict[tuple[str, Size], float] = {}
        self._refused: dict[tuple[str, Size], str] = {}
        self.evaluation: EvaluationFacts | None = None
        """What an evaluation takes, once a recipe was measured."""

    def decide(self) -> Plan:
        """The plan with the best recipe among those that were measured here.

        Raises RequestError if there is none, or if the time is too short.
        """
        self._request.show("measuring this machine")
        self._operations = operations_here(self._request)
        while unknown := self._next():
            self._measure(unknown.candidate.recipe, unknown.size)
        metrics = self._request.metrics
        best = rank(self._facts(), self._measured, metrics).best
        if self._request.size is None and may_be_larger(best, self._found.images):
            self._measure(best.candidate.recipe, doubled(best.size))
        made = plan(self._facts(), self._measured, metrics)
        refused = {recipe: reason for (recipe, _), reason in self._refused.items()}
        others = {k: v for k, v in refused.items() if k != made.recipe}
        return replace(made, left_out={**self._recipes.left_out, **others, **made.left_out})

    @property
    def _measured(self) -> Sequence[Candidate]:
        known = {recipe for recipe, _ in self._speeds}
        return [each for each in self._recipes.candidates if each.recipe in known]

    def _next(self) -> Forecast | None:
        """The best recipe that was not measured, unless enough were."""
        clock = self._request.clock
        late = clock.spent > _LONGEST * clock.budget
        if len(self._measured) >= (1 if late else _MEASURED):
            return None
        try:
            ranking = rank(self._facts(), self._recipes.candidates, self._request.metrics)
        except RequestError:
            if self._measured:
                return None
            raise
        first = ranking.forecasts[:_MEASURED]
        return next((f for f in first if (f.candidate.recipe, f.size) not in self._speeds), None)

    def _facts(self) -> PlanFacts:
        """What is known by now."""
        evaluation, clock = self.evaluation or EvaluationFacts(), self._request.clock
        machine = Machine(
            operations_per_second=self._operations,
            speeds=self._speeds,
            refused=self._refused,
            preparation=self._preparation,
            evaluation=evaluation.cost,
            spent=clock.spent,
        )
        return PlanFacts(self._found.images, machine, clock.budget, self._request.size)

    def _measure(self, recipe: str, size: Size) -> None:
        """Measure a recipe at a size, or keep why it cannot be used."""
        try:
            run = self._recipes.run(recipe, size)
            self._speeds[recipe, size] = speed_here(run, self._found, self._request)
            self._preparation[recipe, size] = preparation_here(run, self._found)
            if self.evaluation is None:
                self.evaluation = evaluation_here(run, self._found, self._request)
        except (RequestError, PluginError) as error:
            self._refused[recipe, size] = str(error)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            self._refused[recipe, size] = "it needs more memory than there is"
