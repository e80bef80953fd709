"""The present values of options that are schedules over images seen."""

from __future__ import annotations

from collections.abc import Mapping

from ganzoo.run import Run
from ganzoo.scheduled_options import with_values
from ganzoo.sections import TrainOptions
from ganzoo.training.setup import Setup


class ScheduledValues:
    """Sets the options of a run that are schedules to their values."""

    def __init__(self, run: Run, setup: Setup) -> None:
        self.train: TrainOptions = run.train
        """The section ``train`` with the present values."""
        self.total_images = 1
        """The run's total number of images seen."""
        self.present: dict[str, float] = {}
        """The present values by dotted key."""
        self._run = run
        self._setup = setup

    def set(self, images_seen: int) -> bool:
        """Use the values at this number of images; returns whether a component was built again."""
        if not self._run.schedules:
            return False
        self.present = self._run.values_at(images_seen, self.total_images)
        self.train = with_values(self._run.train, _inside("train", self.present))
        components = self._setup.components.by_section()
        changed = [
            built.set_values(_inside(section, self.present)) for section, built in components
        ]
        if any(changed):
            self._setup.refresh()
        return any(changed)


def _inside(section: str, values: Mapping[str, float]) -> dict[str, float]:
    """The values of the keys in a section, without the section's name."""
    prefix = f"{section}."
    return {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
