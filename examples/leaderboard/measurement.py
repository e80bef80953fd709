"""Measures the checkpoints of a run, and keeps what was found in ``results/TRACK.json``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from timed_run import Moment, Notes, Speed, facts, measure_speed
from track import Entry, Evaluation, Track

import ganzoo
from ganzoo import (
    EvaluationResult,
    MeasuredImages,
    MeasuredMachine,
    MeasuredPoint,
    MeasuredResult,
    RequestError,
    RunFolder,
    write_atomically,
)

if TYPE_CHECKING:
    from PIL.Image import Image

GRID_WIDTH, GRID_HEIGHT = 256, 128
"""Pixels of the grid of images of an entry."""


class Result(BaseModel):
    """One run of an entry, with its measurements."""

    entry: str
    comment: str
    mark: str
    settings: str
    """The identity of the entry's settings."""
    ganzoo: str
    commit: str
    speed: Speed
    measured: MeasuredResult

    @property
    def images_per_second(self) -> float:
        """Images seen in a second, over the whole run."""
        return self.measured.last.images_seen / max(self.measured.last.seconds, 1e-9)

    def at(self, seconds: float) -> MeasuredPoint | None:
        """What it had reached after so many seconds."""
        return next((point for point in self.measured.points if point.seconds == seconds), None)


_RESULTS = TypeAdapter(tuple[Result, ...])


def read_results(file: Path) -> tuple[Result, ...]:
    """The results in a file; none if there is no file.

    Raises RequestError if it is damaged.
    """
    if not file.exists():
        return ()
    try:
        return _RESULTS.validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise RequestError(f"{file} cannot be read: {error}") from None


def add_result(file: Path, result: Result) -> bool:
    """Write the file with this result, in place of an earlier one of the same run; if it is new.

    An earlier one is of the same entry and seed, on the same real images.
    """

    def key(each: Result) -> tuple[str, str, int]:
        return each.measured.images.identity, each.entry, each.measured.seed

    before = read_results(file)
    others = [each for each in before if key(each) != key(result)]
    results = tuple(sorted([*others, result], key=key))
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, _RESULTS.dump_json(results, indent=1) + b"\n")
    return result not in before


def measure(track: Track, entry: Entry, folder: Path, seed: int, notes: Notes) -> Result:
    """Measure all checkpoints of a run; what its folder already has is not measured again.

    Raises RequestError if a checkpoint cannot be measured.
    """
    if notes.speed is None:
        notes.speed = measure_speed(folder)
        notes.write(folder)
    found = _evaluations(folder, track, [moment.step for moment in notes.moments])
    one = found[notes.moments[-1].step]
    return Result(
        entry=entry.name,
        comment=entry.comment,
        mark=entry.mark,
        settings=notes.settings,
        ganzoo=notes.ganzoo,
        commit=notes.commit,
        speed=notes.speed,
        measured=MeasuredResult(
            **_conditions(track, folder, notes, one),
            seed=seed,
            points=tuple(_point(moment, found[moment.step]) for moment in notes.moments),
        ),
    )


def _conditions(track: Track, folder: Path, notes: Notes, one: EvaluationResult) -> dict[str, Any]:
    """What all points of a run have in common, from the evaluation of one of them."""
    assert notes.speed
    device, threads, count = facts(folder)
    return {
        "images": MeasuredImages(
            name=track.images,
            count=count,
            shape=_three(one.image_shape),
            classes=len(ganzoo.load(folder, one.step).class_names),
            identity=one.images,
        ),
        "machine": MeasuredMachine(
            name=notes.machine or "unknown",
            device=device,
            threads=threads,
            operations_per_second=notes.speed.matrix_product,
        ),
        "extractor": one.extractor,
        "samples": one.samples,
        "real": one.real,
        "baselines": {
            name: _rounded(score.baseline)
            for name, score in one.scores.items()
            if score.baseline is not None
        },
    }


def _point(moment: Moment, found: EvaluationResult) -> MeasuredPoint:
    return MeasuredPoint(
        images_seen=moment.images_seen,
        seconds=moment.seconds,
        metrics={name: _rounded(score.value) for name, score in found.scores.items()},
    )


def _evaluations(folder: Path, track: Track, steps: Sequence[int]) -> dict[int, EvaluationResult]:
    """The evaluation of each of these steps, by step."""
    asked = track.evaluation
    found = {each.step: each for each in _stored(folder) if _answers(each, asked)}
    for step in steps:
        if step not in found:
            found[step] = ganzoo.evaluate(
                folder,
                checkpoint=step,
                metrics=asked.metrics,
                extractor=asked.extractor,
                samples=asked.samples,
                device=track.device,
                settings={"evaluate.real": asked.real},
            )
    return found


def _stored(folder: Path) -> Iterator[EvaluationResult]:
    file = RunFolder.open(folder).evaluations
    for line in file.read_text("utf-8").splitlines() if file.exists() else ():
        try:
            yield EvaluationResult.of(line)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue  # an evaluation that was interrupted


def _answers(found: EvaluationResult, asked: Evaluation) -> bool:
    """Whether an evaluation was made as the track asks, with the default options of metrics."""
    names = {name.partition("/")[0] for name in found.scores}
    return (
        (found.extractor, found.samples) == (asked.extractor, asked.samples)
        and found.real <= asked.real
        and names >= set(asked.metrics)
        and not any(score.options for score in found.scores.values())
    )


def _three(shape: Sequence[int]) -> tuple[int, int, int]:
    channels, height, width = shape
    return channels, height, width


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def image_grid(folder: Path, step: int) -> Image:
    """The first images of the EMA generator with seed 0, side by side: 256 x 128 pixels."""
    from PIL import Image

    run = ganzoo.load(folder, step)
    _, height, width = run.image_shape
    columns = min(8, max(1, GRID_WIDTH // width))
    rows = min(4, max(1, GRID_HEIGHT // height))
    images = run.generate(columns * rows, seed=0).unflatten(0, (rows, columns))
    pixels = images.permute(0, 3, 1, 4, 2).reshape(rows * height, columns * width, -1)
    grid = Image.fromarray(pixels.expand(-1, -1, 3).contiguous().numpy())
    size = (GRID_WIDTH, round(grid.height * GRID_WIDTH / grid.width))
    return grid if grid.size == size else grid.resize(size, Image.Resampling.NEAREST)


def grid_file(images: Path, track: str, entry: str, seconds: float) -> Path:
    """Where the grid of an entry at a moment is stored."""
    return images / track / f"{entry}-{seconds:g}.webp"


def save_grids(
    track: Track, entry: Entry, folder: Path, notes: Notes, images: Path, again: bool
) -> None:
    """Write the grids of a run for those moments that have a table; all, or those missing."""
    for moment in notes.moments:
        if moment.seconds in track.lengths:
            file = grid_file(images, track.name, entry.name, moment.seconds)
            if file.is_file() and not again:
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            image_grid(folder, moment.step).save(file, quality=80, method=6)
