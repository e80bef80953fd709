"""All that the page tells of one run; what is torn or missing is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ganzoo.evaluation.record import Evaluated, read
from ganzoo.folders import RunFolder
from ganzoo.journal import Journal
from ganzoo.observers.observer import Observer
from ganzoo.output.neighbors import By
from ganzoo.output.report import curves, generated, scores
from ganzoo.output.report.chart import Chart
from ganzoo.output.report.differences import Setting, changed, every
from ganzoo.output.report.embedded_images import Embedded, EmbeddedImages, SampleGrids, opened
from ganzoo.output.report.nearest_images import NearestImages, resemblance
from ganzoo.output.trained import TrainedRun
from ganzoo.run import Run
from ganzoo.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Left:
    """Why something is left out."""

    reason: str

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True)
class Drawn:
    """What the newest checkpoint's generator has made for the page."""

    step: int
    seed: int
    parameters: int
    images: Embedded
    rows: list[tuple[str, Embedded]]
    classes: int
    walk: Embedded | Left
    resemblance: NearestImages | Left


@dataclass(frozen=True)
class RunSection:
    """One run on the page."""

    name: str
    path: str
    settings: Mapping[str, Any]
    changed: list[Setting] | Left
    every: list[Setting]
    toml: str
    sessions: list[dict[str, Any]]
    journal: Journal
    evaluations: list[Evaluated]
    real: Embedded | None
    drawn: Drawn | Left
    sheets: SampleGrids
    at: list[tuple[int, int]]
    """Of each sheet, its step and the images seen by then."""

    @property
    def curves(self) -> list[Chart]:
        """Losses, scores and the like."""
        return curves.charts(self.journal)

    @property
    def metrics(self) -> list[Chart]:
        """A chart for each number of the evaluations."""
        return scores.charts(self.evaluations)

    @property
    def newest(self) -> Evaluated | None:
        """The last evaluation."""
        return scores.newest(self.evaluations)

    @property
    def seconds(self) -> float | None:
        """What training took, without drawing, saving and measuring."""
        speed = self.journal.images_per_second
        return self.journal.images_seen / speed if speed and self.journal.images_seen else None

    @property
    def unfinished(self) -> int | None:
        """How many steps there were to be, if there have been less."""
        train = self.settings.get("train")
        steps = train.get("steps") if isinstance(train, dict) else None
        behind = isinstance(steps, int) and (self.journal.steps or 0) < steps
        return steps if behind else None

    def named(self, kind: str) -> str:
        """The short name of a component."""
        section = self.settings.get(kind)
        name = section.get("name", "") if isinstance(section, dict) else ""
        return str(name).rpartition("/")[2] or "?"

    @property
    def command(self) -> str:
        """The command that began it."""
        command = str(self.sessions[0].get("command", "")) if self.sessions else ""
        return re.sub(r"^\S*(ganzoo/__main__\.py|ganzoo)(?= )", "ganzoo", command)


def chapter(
    folder: RunFolder,
    room: int,
    device: str,
    *,
    dataset: bool,
    observer: Observer,
    run: Run | None = None,
) -> RunSection:
    """The chapter of a run, with images of no more than ``room`` bytes of the page, about."""
    name = folder.path.resolve().name
    observer.on_message(f"{name}: reading what it has told")
    album = EmbeddedImages(room)
    journal = Journal.read(folder.metrics)
    evaluations = read(folder.evaluations)
    known = _unless_wrong(lambda: _run(folder)) if run is None else run
    drawn = _of(
        known, lambda run: _drawn(folder, run, device, evaluations, album, observer, dataset)
    )
    real = opened(folder.samples / "real.png")
    embedded = album.image(real) if real else None
    sheets = album.sheets(folder.sample_grids())
    steps = [_step(path) for path, _ in sheets.images]
    return RunSection(
        name=name,
        path=str(folder.path),
        settings=folder.stored_settings(),
        changed=_of(known, changed),
        every=every(folder.stored_settings()),
        toml=folder.settings.read_text("utf-8", errors="replace"),
        sessions=folder.sessions(),
        journal=journal,
        evaluations=evaluations,
        real=embedded,
        drawn=drawn,
        sheets=sheets,
        at=list(zip(steps, curves.images_at(journal, steps), strict=True)),
    )


def _run(folder: RunFolder) -> Run:
    return Run.resolve(Settings.of_run(folder), recommend=False)


def _drawn(
    folder: RunFolder,
    run: Run,
    device: str,
    evaluations: Sequence[Evaluated],
    album: EmbeddedImages,
    observer: Observer,
    dataset: bool,
) -> Drawn:
    name = folder.path.resolve().name
    trained = TrainedRun(folder, run).to(device)
    observer.on_message(f"{name}: new images")
    made, rows = generated.new_images(trained, album), generated.by_class(trained, album)
    near: NearestImages | Left = Left("the images that it was trained on were not opened")
    if dataset:
        observer.on_message(f"{name}: nearest real images")
        by: By = "features" if _has_features(run, evaluations) else "pixels"
        near = _unless_wrong(lambda: resemblance(trained, by, album, observer))
    observer.on_message(f"{name}: a walk through its latent space")
    return Drawn(
        step=trained.step,
        seed=generated.SEED,
        parameters=sum(each.numel() for each in trained.generator.parameters()),
        images=made,
        rows=rows,
        classes=len(trained.class_names),
        walk=generated.latent_walk(trained, album) or Left("the page would become too large"),
        resemblance=near,
    )


def _has_features(run: Run, evaluations: Sequence[Evaluated]) -> bool:
    """Whether an evaluation has left the features of the real images in the cache."""
    extractor = run.extractor.entry.component.name if run.extractor else None
    return any(each.extractor == extractor for each in evaluations)


def _of(run: Run | Left, make: Callable[[Run], T]) -> T | Left:
    return run if isinstance(run, Left) else _unless_wrong(lambda: make(run))


def _unless_wrong(make: Callable[[], T]) -> T | Left:
    try:
        return make()
    except (ValueError, LookupError, OSError, RuntimeError) as error:
        return Left((str(error).splitlines() or [type(error).__name__])[0])


def _step(sheet: Path) -> int:
    return int(sheet.stem.rpartition("-")[2])
