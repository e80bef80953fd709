"""The section of the page about one run; what is damaged or missing is omitted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ganzoo.evaluation.record import EvaluationResult
from ganzoo.folders import RunFolder
from ganzoo.journal import Journal
from ganzoo.observers.observer import Observer
from ganzoo.output.neighbors import By
from ganzoo.output.report import curves, generated, scores
from ganzoo.output.report.chart import Chart
from ganzoo.output.report.differences import Setting, all_settings, changed_settings
from ganzoo.output.report.embedded_images import (
    EmbeddedImage,
    EmbeddedImages,
    SampleGrids,
    open_image,
)
from ganzoo.output.report.nearest_images import NearestImages, nearest_images
from ganzoo.output.trained import TrainedRun
from ganzoo.run import Run
from ganzoo.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Omitted:
    """The reason why something is not shown; it is false as a condition."""

    reason: str

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True)
class GeneratedImages:
    """What the generator of the newest checkpoint made for the page."""

    step: int
    seed: int
    parameters: int
    grid: EmbeddedImage
    rows: list[tuple[str, EmbeddedImage]]
    classes: int
    directions: tuple[str, EmbeddedImage] | Omitted
    """The method, and a grid with one row for each direction."""
    walk: EmbeddedImage | Omitted
    nearest: NearestImages | Omitted


@dataclass(frozen=True)
class RunSection:
    """What the page shows about one run."""

    name: str
    path: str
    settings: Mapping[str, Any]
    changed_settings: list[Setting] | Omitted
    all_settings: list[Setting]
    toml: str
    sessions: list[dict[str, Any]]
    journal: Journal
    evaluations: list[EvaluationResult]
    real: EmbeddedImage | None
    generated: GeneratedImages | Omitted
    sample_grids: SampleGrids
    grid_steps: list[tuple[int, int]]
    """For each sample grid: its step, and the number of images seen then."""

    @property
    def curves(self) -> list[Chart]:
        """Charts of losses, scores and other reported scalars."""
        return curves.charts(self.journal)

    @property
    def metrics(self) -> list[Chart]:
        """A chart for each score of the evaluations."""
        return scores.charts(self.evaluations)

    @property
    def last_evaluation(self) -> EvaluationResult | None:
        """The evaluation of the last step."""
        return scores.last_evaluation(self.evaluations)

    @property
    def training_seconds(self) -> float | None:
        """The training time, without samples, checkpoints and evaluations."""
        speed = self.journal.images_per_second
        return self.journal.images_seen / speed if speed and self.journal.images_seen else None

    @property
    def unfinished_steps(self) -> int | None:
        """The number of steps that the run was started for; ``None`` if it is finished."""
        train = self.settings.get("train")
        steps = train.get("steps") if isinstance(train, dict) else None
        unfinished = isinstance(steps, int) and (self.journal.steps or 0) < steps
        return steps if unfinished else None

    def component(self, kind: str) -> str:
        """The short name of the run's component of this kind."""
        section = self.settings.get(kind)
        name = section.get("name", "") if isinstance(section, dict) else ""
        return str(name).rpartition("/")[2] or "?"

    @property
    def command(self) -> str:
        """The command that started the run first."""
        command = str(self.sessions[0].get("command", "")) if self.sessions else ""
        return re.sub(r"^\S*(ganzoo/__main__\.py|ganzoo)(?= )", "ganzoo", command)


def run_section(
    folder: RunFolder,
    image_bytes: int,
    device: str,
    *,
    dataset: bool,
    observer: Observer,
    run: Run | None,
) -> RunSection:
    """The section about a run, with images of at most about ``image_bytes`` bytes of the page."""
    observer.on_message(f"{folder.path.resolve().name}: reading its files")
    embedded = EmbeddedImages(image_bytes)
    journal = Journal.read(folder.metrics)
    evaluations = EvaluationResult.read(folder.evaluations)
    known = _or_omitted(lambda: _run(folder)) if run is None else run
    made = _of_run(
        known, lambda run: _generated(folder, run, device, evaluations, embedded, observer, dataset)
    )
    real = open_image(folder.samples / "real.png")
    embedded_real = embedded.add(real) if real else None
    grids = embedded.add_grids(folder.sample_grids())
    steps = [step for step, _ in grids.images]
    return RunSection(
        name=folder.path.resolve().name,
        path=str(folder.path),
        settings=folder.stored_settings(),
        changed_settings=_of_run(known, changed_settings),
        all_settings=all_settings(folder.stored_settings()),
        toml=folder.settings.read_text("utf-8", errors="replace"),
        sessions=folder.sessions(),
        journal=journal,
        evaluations=evaluations,
        real=embedded_real,
        generated=made,
        sample_grids=grids,
        grid_steps=list(zip(steps, curves.images_seen_at(journal, steps), strict=True)),
    )


def _run(folder: RunFolder) -> Run:
    return Run.resolve(Settings.of_run(folder), recommend=False)


def _generated(
    folder: RunFolder,
    run: Run,
    device: str,
    evaluations: Sequence[EvaluationResult],
    embedded: EmbeddedImages,
    observer: Observer,
    dataset: bool,
) -> GeneratedImages:
    name = folder.path.resolve().name
    trained = TrainedRun(folder, run).to(device)
    observer.on_message(f"{name}: generating images")
    grid, rows = (
        generated.image_grid(trained, embedded),
        generated.condition_rows(trained, embedded),
    )
    nearest: NearestImages | Omitted = Omitted("the report was made without the real images")
    if dataset:
        observer.on_message(f"{name}: finding the nearest real images")
        by: By = "features" if _has_features(run, evaluations) else "pixels"
        nearest = _or_omitted(lambda: nearest_images(trained, by, embedded, observer))
    observer.on_message(f"{name}: finding directions of the latent space")
    directions = _or_omitted(lambda: generated.directions(trained, embedded))
    observer.on_message(f"{name}: generating a latent walk")
    return GeneratedImages(
        step=trained.step,
        seed=generated.SEED,
        parameters=trained.parameter_count,
        grid=grid,
        rows=rows,
        classes=len(trained.class_names),
        directions=directions,
        walk=generated.latent_walk(trained, embedded) or Omitted("the file would be too large"),
        nearest=nearest,
    )


def _has_features(run: Run, evaluations: Sequence[EvaluationResult]) -> bool:
    """Whether an evaluation has already cached the features of the real images."""
    extractor = run.extractor.entry.component.name if run.extractor else None
    return any(each.extractor == extractor for each in evaluations)


def _of_run(run: Run | Omitted, make: Callable[[Run], T]) -> T | Omitted:
    return run if isinstance(run, Omitted) else _or_omitted(lambda: make(run))


def _or_omitted(make: Callable[[], T]) -> T | Omitted:
    try:
        return make()
    except (ValueError, LookupError, OSError, RuntimeError) as error:
        return Omitted((str(error).splitlines() or [type(error).__name__])[0])
