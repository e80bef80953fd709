"""Splits the time of a run's steps into parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, NamedTuple

import torch
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from ganzoo.device_time import now
from ganzoo.training.loop import Loop

OPTIMIZERS = "optimizers"
REST = "rest"
"""The part of everything that is in no other part."""

_COLLECTIVES = ("average_gradients", "average_", "gather", "mean", "any", "broadcast")


class PartTimer:
    """Counts the seconds of each part; time in a part inside another one counts for the inner one.

    So the seconds of all parts add up to the time between ``start`` and ``stop``. On a device other
    than the CPU, each change of the part waits for the device.
    """

    def __init__(self, device: torch.device) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._device = device
        self._inside: list[str] = []
        self._since = 0.0

    def start(self, part: str) -> None:
        """Begin a part."""
        self._count()
        self._inside.append(part)

    def stop(self) -> None:
        """End the part that was begun last."""
        self._count()
        self._inside.pop()

    def _count(self) -> None:
        time = now(self._device)
        if self._inside:
            self.seconds[self._inside[-1]] += time - self._since
        self._since = time

    def timed(self, call: Callable[..., Any], part: str | Callable[..., str]) -> Callable[..., Any]:
        """A function as a part, whose name may depend on its arguments."""

        @wraps(call)
        def measured(*arguments: Any, **named: Any) -> Any:
            self.start(part if isinstance(part, str) else part(*arguments))
            try:
                return call(*arguments, **named)
            finally:
                self.stop()

        return measured


class _Place(NamedTuple):
    """A method that is timed as a part."""

    owner: Any
    method: str
    part: str | Callable[..., str]
    """The name of the part, or a function of the arguments that returns it."""


@contextmanager
def timed_parts(loop: Loop, device: torch.device) -> Iterator[PartTimer]:
    """A context in which the steps of a loop are split into their parts.

    The methods that a step consists of are replaced from outside by timed ones, so that training
    contains no code for this. A phase, which may be that of a lazy regularizer, has its name.
    """
    timer, places = PartTimer(device), list(_places(loop))
    phases = loop.trainer.phases
    names = [place.part for place in places if isinstance(place.part, str)]
    timer.seconds.update(
        dict.fromkeys([*(phase.name for phase in phases), *names, OPTIMIZERS, REST], 0.0)
    )
    optimizers = {id(each): each for each in map(loop.trainer.optimizers.of, phases)}
    hooks = [hook for each in optimizers.values() for hook in _hooks(each, timer)]
    for owner, method, part in places:
        # In the object's own dictionary, because it may be a frozen dataclass of a plugin.
        vars(owner)[method] = timer.timed(getattr(owner, method), part)
    timer.start(REST)
    try:
        yield timer
    finally:
        timer.stop()
        for owner, method, _ in places:
            del vars(owner)[method]
        for hook in hooks:
            hook.remove()


def _places(loop: Loop) -> Iterator[_Place]:
    trainer = loop.trainer
    setup, lazy = trainer.setup, {phase.name for phase in trainer.phases}
    yield _Place(trainer.updater, "update", lambda phases, *others: str(phases[0].name))
    for name, regularizer in setup.components.regularizers.items():
        if name not in lazy and hasattr(regularizer.built, "__dict__"):
            yield _Place(regularizer.built, "terms", f"terms of {name}")
    yield _Place(setup, "real_images", "data")
    for method in _COLLECTIVES:
        yield _Place(setup.engine, method, "synchronization")
    yield _Place(trainer.ema, "update", "EMA")
    yield _Place(loop, "after_step", "reporting")


def _hooks(optimizer: Optimizer, timer: PartTimer) -> Iterator[RemovableHandle]:
    """Hooks that time the steps of an optimizer as a part."""
    yield optimizer.register_step_pre_hook(lambda *_: timer.start(OPTIMIZERS))
    yield optimizer.register_step_post_hook(lambda *_: timer.stop())
