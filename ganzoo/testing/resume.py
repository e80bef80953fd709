"""Whether a run that is resumed in the middle ends like one that was not stopped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.evaluation.record import EvaluationResult
from ganzoo.folders import RunFolder
from ganzoo.observers.observer import Observer
from ganzoo.output.trained import TrainedRun
from ganzoo.run import Run
from ganzoo.training import session
from ganzoo.training.checkpoint import Checkpoints


class _Watcher(Observer):
    """Collects the warnings of a run, such as that an observer failed."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def on_warning(self, step: int, message: str) -> None:
        self.warnings.append(message)

    def on_message(self, message: str) -> None:
        if message.startswith("warning: "):
            self.warnings.append(message.removeprefix("warning: "))


def check_resume(run: Run, place: Path) -> TrainedRun:
    """Train the run in ``place/run``, and resume a copy from its first checkpoint.

    Raises AssertionError if they differ, or if the run has a warning.
    """
    watcher = _Watcher()
    straight = _train(run, place / "run", watcher)
    resumed = _copy_at_first_checkpoint(straight, place / "resumed")
    session.resume(run, resumed, watcher)
    if watcher.warnings:
        raise AssertionError("; ".join(dict.fromkeys(watcher.warnings)))
    if differing := list(_differing(straight, resumed)):
        again = _train(run, place / "again", Observer())
        raise AssertionError(_message(differing, repeats=not list(_differing(straight, again))))
    return TrainedRun(straight, run)


def _train(run: Run, path: Path, observer: Observer) -> RunFolder:
    return session.train(run, lambda: RunFolder.create(path, run.tree()), observer)[0]


def _copy_at_first_checkpoint(folder: RunFolder, path: Path) -> RunFolder:
    """A copy of a run as if it had been killed after it saved its first checkpoint."""
    shutil.copytree(folder.path, path)
    copy = RunFolder(path)
    checkpoints = Checkpoints(copy.checkpoints, keep=1)
    first = checkpoints.paths()[-1]
    checkpoints.remove_after(int(first.stem.removeprefix("step-")))
    return copy


def _differing(a: RunFolder, b: RunFolder) -> Iterator[str]:
    """The names of what differs between two runs: parts of the state, values of evaluations."""
    yield from _different_keys(_results(a), _results(b))


def _results(folder: RunFolder) -> dict[str, Any]:
    """The last checkpoint, and the values of all evaluations."""
    return {
        **Checkpoints(folder.checkpoints, keep=1).load(),
        "evaluations": {
            f"step {found.step}": {name: score.value for name, score in found.scores.items()}
            for found in EvaluationResult.read(folder.evaluations)
        },
    }


def _different_keys(a: Any, b: Any, key: str = "") -> Iterator[str]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for name in {**a, **b}:
            yield from _different_keys(a.get(name), b.get(name), f"{key}.{name}".lstrip("."))
    elif isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
        for number, pair in enumerate(zip(a, b, strict=True)):
            yield from _different_keys(*pair, f"{key}.{number}")
    elif isinstance(a, Tensor) and isinstance(b, Tensor):
        if a.dtype != b.dtype or not torch.equal(a, b):
            yield key
    elif a != b:
        yield key


def _message(differing: list[str], *, repeats: bool) -> str:
    """What differs, and what to do about it."""
    listed = ", ".join(differing[:3])
    more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
    if repeats:
        return (
            f"the run differs after a resume ({listed}{more}): keep all that changes from step to "
            "step in buffers of the networks, or return it from state_dict() and restore it in "
            "load_state_dict()"
        )
    return (
        f"two runs of the same settings differ ({listed}{more}): draw random numbers from the "
        "generator that a method gets, or in a loss or a network from torch's global generator, "
        "and keep nothing in variables of a module or a class"
    )
