"""The settings of the installed recipes with results, adapted to a set of images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch

from ganzoo.components import ArchitectureSpec, RecipeSpec
from ganzoo.errors import RequestError, in_one_line
from ganzoo.planning.adaptation import Adaptation, RecipeFacts, adapt
from ganzoo.planning.candidates import Candidate
from ganzoo.planning.images import PlannedImages, Size, resolution_of
from ganzoo.planning.request import ORIGIN, PlanRequest, skipping
from ganzoo.run import Run, recipe_settings
from ganzoo.settings import Settings
from ganzoo.training.run_components import Components

_NOT_ADOPTED = (
    *("dataset", "data.classes", "data.balance", "data.conditional", "data.channels"),
    *("evaluate.every", "train.max_time"),
)
"""The settings of a recipe that belong to its images, or that a plan sets if it needs them."""


class RecipeSettings:
    """The recipes with measured results, for these images."""

    def __init__(self, request: PlanRequest, images: PlannedImages) -> None:
        self._request = request
        self._images = images
        self._adapted: dict[str, Adaptation] = {}
        self.left_out: dict[str, str] = {}
        """Why a recipe cannot be used."""
        self.candidates = tuple(self._usable())

    def of(self, recipe: str, size: Size) -> Settings:
        """Those of a recipe at a size, of the plan and of the user, the last one above all."""
        settings = self._plain(recipe, size)
        settings.add(self.adapted(recipe).settings, ORIGIN)
        settings.update(self._request.given)
        return settings

    def run(self, recipe: str, size: Size) -> Run:
        """The run of these settings, with metrics and an extractor."""
        return Run.resolve(self.of(recipe, size), self._request.known, measure=True)

    def adapted(self, recipe: str) -> Adaptation:
        """How a recipe is adapted to the images."""
        return self._adapted[recipe]

    def _usable(self) -> Iterator[Candidate]:
        """The installed recipes whose results can be read, and whose settings are possible."""
        for name, entry in self._request.known.by_name("recipe").items():
            component = entry.component
            if not isinstance(component, RecipeSpec) or not component.results:
                continue
            try:
                found = Candidate(recipe=name, results=component.read_results())
                if found.results:
                    yield self._adapt(found)
            except RequestError as error:
                self.left_out[name] = str(error)
            except (ValueError, OSError, ImportError) as error:
                self.left_out[name] = f"its files cannot be read: {in_one_line(error)}"

    def _adapt(self, candidate: Candidate) -> Candidate:
        """The candidate, after a look at its components; its adaptation is kept."""
        recipe, images = candidate.recipe, self._images
        nearest = min((each.images for each in candidate.results), key=images.distance)
        size = images.reduced((nearest.shape[2], nearest.shape[1]))
        settings = self._plain(recipe, size)
        settings.update(self._request.given)
        run = Run.resolve(settings, self._request.known)
        architecture = run.architecture.entry.component
        assert isinstance(architecture, ArchitectureSpec)
        usual = run.augmentations_for(nearest.count)
        few = [name for name in run.augmentations_for(images.count) if name not in usual]
        resists = Components.of(run, torch.device("cpu")).resist_memorization()
        self._adapted[recipe] = adapt(images, RecipeFacts(architecture.conditions, resists, few))
        return replace(candidate, to_end=to_end(run))

    def _plain(self, recipe: str, size: Size) -> Settings:
        """The settings of a recipe with the dataset of the user, at a size."""
        settings = recipe_settings(recipe, self._request.known)
        for key in _NOT_ADOPTED:
            settings.drop(key)
        settings.set("data.resolution", resolution_of(size), ORIGIN)
        settings.add(skipping(self._request.dataset.component), ORIGIN)
        return settings


def to_end(run: Run) -> bool:
    """Whether a setting of a run changes until its end, so that its length has to be known."""
    last = (schedule.parts[-1] for schedule in run.schedules.values())
    return any(part.images is None and part.start != part.end for part in last)
