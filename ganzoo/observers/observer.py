"""The base class of observers: methods that are called while a run trains."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import ContractError, described, did_you_mean
from ganzoo.evaluation.record import EvaluationResult
from ganzoo.folders import RunFolder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class ObservedRun:
    """The run that an observer is made for, when its training starts or resumes."""

    folder: RunFolder
    """Where the observer may write files of its own."""
    step: int
    """Training starts or resumes after this step; reports of later steps are invalid."""
    resumed: bool
    """Whether the run was started before."""
    settings: Mapping[str, Any]
    """All settings of the run as plain values, nested as in ``run.toml``."""
    stop: Callable[[str], None] = lambda reason: None
    """End the training after the present step; the reason, a few words, is shown to the user.

    The run is saved and counts as finished. When it is resumed, it trains on.
    """
    warn: Callable[[str], None] = lambda message: None
    """Send a warning that a user should act on to all observers of the run."""


class Observer:
    """An observer that does nothing; subclasses override the methods that they need.

    Observers must not change the training, except to end it by ``ObservedRun.stop``. With several
    processes, only the main one has observers.
    """

    plugin_code: AbstractContextManager[None] = nullcontext()
    """The core enters it for each call; it names the plugin in errors."""

    def on_preparation_progress(self, done: int, total: int) -> None:
        """Called while images are decoded and resized, unless they are in the cache."""

    def on_time_limit(self, seconds: float) -> None:
        """Called before ``on_train_start`` if training ends after so many seconds at the latest."""

    def on_train_start(self, step: int, steps: int) -> None:
        """Called when training starts or resumes after ``step``, until step ``steps``."""

    def on_step_end(self, step: int, images_seen: int) -> None:
        """Called after each step, so it must be fast."""

    def on_report(self, step: int, scalars: Mapping[str, float]) -> None:
        """Called with the means over the steps since the last report, by name."""

    def on_scores(self, step: int, scores: Mapping[str, NDArray[np.float32]]) -> None:
        """Called with the discriminator's scores of its last batch, ``real`` and ``fake``."""

    def on_images(self, name: str, step: int, epoch: float, pixels: NDArray[np.uint8]) -> None:
        """Called with a grid of images, (H, W, C): ``samples``, or once ``real`` images.

        ``epoch`` is the number of epochs so far.
        """

    def on_evaluation_progress(self, what: str, done: int, total: int) -> None:
        """Called during an evaluation, and while samples or a checkpoint are prepared."""

    def on_evaluation_end(self, found: EvaluationResult) -> None:
        """Called with the results of an evaluation."""

    def on_checkpoint_start(self) -> None:
        """Called before a checkpoint is written; earlier reports should now be on the disk."""

    def on_checkpoint_end(self, step: int, path: Path) -> None:
        """Called when a checkpoint is written; its file may be deleted when newer ones exist."""

    def on_rollback(self, step: int) -> None:
        """Called when training goes back to this step; reports of later steps are invalid."""

    def on_nonfinite(self, details: Mapping[str, Any]) -> None:
        """Called when a loss or gradient is not finite; ``details`` are plain values for JSON."""

    def on_warning(self, step: int, message: str) -> None:
        """Called with a warning that a user should act on."""
        self.on_message(message)

    def on_message(self, message: str) -> None:
        """Called with information for the user."""

    def on_failure(self, error: BaseException) -> None:
        """Called when the training ends by an error or a second Ctrl-C, before ``on_end``."""

    def on_end(self) -> None:
        """Called once, at the end."""


@contextmanager
def ending(observer: Observer) -> Iterator[Observer]:
    """The observer; its ``on_end`` is called at the end of the block."""
    try:
        yield observer
    finally:
        observer.on_end()


SILENT = Observer()
"""An observer that does nothing."""


def require_observer(built: object) -> None:
    """Raise ContractError if this is not an Observer; warn of methods that are never called."""
    if not isinstance(built, Observer):
        raise ContractError(
            f"the factory returned {described(built)}: derive it from ganzoo.Observer", built
        )
    for fault in uncalled_methods(built):
        warnings.warn(f"{type(built).__name__}: {fault}", stacklevel=2)


def uncalled_methods(observer: Observer) -> Iterator[str]:
    """A phrase for each method whose name begins with ``on_`` and that is no method of Observer."""
    known = [name for name in vars(Observer) if name.startswith("on_")]
    for name in dir(observer):
        if name.startswith("on_") and name not in known:
            yield f"its method {name}() is never called{did_you_mean(name, known)}"
