"""The present values of options that are schedules over images seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from ganzoo.run import Run
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
        schedules = self._run.schedules
        if not schedules:
            return False
        self.present = {
            key: schedule.at(images_seen, self.total_images) for key, schedule in schedules.items()
        }
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


def with_values(options: Any, values: Mapping[str, float]) -> Any:
    """Options with other values by dotted key; numbers in a key are positions in a tuple."""
    for key, value in values.items():
        options = _with_value(options, key.split("."), value)
    return options


def _with_value(node: Any, path: list[str], value: float) -> Any:
    if not path:
        return value
    first, *rest = path
    if isinstance(node, BaseModel):
        return node.model_copy(update={first: _with_value(getattr(node, first), rest, value)})
    number = int(first)
    return (*node[:number], _with_value(node[number], rest, value), *node[number + 1 :])
