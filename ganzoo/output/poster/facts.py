"""The title, the numbers and the notes of a poster."""

from __future__ import annotations

from typing import NamedTuple

from ganzoo.evaluation.record import EvaluationResult
from ganzoo.folders import RunFolder
from ganzoo.journal import Journal
from ganzoo.observers.speed import format_duration
from ganzoo.output.poster.best_images import discriminator_of
from ganzoo.output.trained import TrainedRun
from ganzoo.output.trained_generator import TrainedGenerator

_MOST_SCORES = 3


class Fact(NamedTuple):
    """A number as text, and what it is."""

    value: str
    label: str


def subtitle(trained: TrainedGenerator) -> str:
    """The loss, the size of the images and what the generator is told about them."""
    condition = trained.condition
    conditions = f", conditional on {condition.size} {_kind(condition.kind)}" if condition else ""
    name = trained.run.loss.entry.component.name
    return f"Generated images of {trained.image_shape.size} pixels, loss {name}{conditions}"


def _kind(kind: str) -> str:
    return "values" if kind == "vector" else "classes"


def note(trained: TrainedGenerator, best_of: int, choice: str) -> str:
    """How the images were chosen."""
    condition = trained.condition
    selected = best_of > 1 and discriminator_of(trained)
    rule = "The images are the first ones of the seed, not selected."
    if selected:
        rule = f"Each image has the highest score of the discriminator among {best_of} images."
    if condition and condition.kind == "vector":
        rule += " In each named row, one value rises and all else stays the same."
    return f"{rule} {choice} Made with ganzoo."


def facts(trained: TrainedGenerator) -> list[Fact]:
    """The length of the training, the size of the data and of the generator, and the scores."""
    found = [
        Fact(f"{trained.step:,}", "steps"),
        Fact(f"{trained.images_seen:,}", "images seen"),
        Fact(_short(trained.parameter_count), "parameters of the generator"),
    ]
    if data := trained.trained_on:
        found.append(Fact(f"{data.images:,}", "real images"))
    if isinstance(trained, TrainedRun):
        speed = Journal.read(RunFolder(trained.folder).metrics).images_per_second
        if speed and trained.images_seen:
            found.append(Fact(format_duration(trained.images_seen / speed), "of training"))
    return found + scores(trained.evaluations, trained.step)


def scores(evaluations: list[EvaluationResult], step: int) -> list[Fact]:
    """The first scores of the newest evaluation of a checkpoint, with their baselines."""
    of_step = [each for each in evaluations if each.step == step]
    if not of_step:
        return []
    return [
        Fact(f"{score.value:.3g}", name + _baseline(score.baseline))
        for name, score in list(of_step[-1].scores.items())[:_MOST_SCORES]
    ]


def _baseline(value: float | None) -> str:
    return "" if value is None else f", real images {value:.3g}"


def _short(number: int) -> str:
    """Such as ``1.23 million``."""
    for size, unit in ((1_000_000_000, " billion"), (1_000_000, " million")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:,}"
