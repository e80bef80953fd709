"""Start or resume a run: build its components, then train."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from ganzoo.folders import RunFolder
from ganzoo.launcher import AGENT, launcher
from ganzoo.observers.observer import SILENT, Observer
from ganzoo.ownership import Ownership, owned
from ganzoo.run import Run
from ganzoo.setting_types import seconds
from ganzoo.training.assembly import Assembly, assemble
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.engine import Engine, launched_as_main
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.loop import WHOLE, Outcome
from ganzoo.training.started_run import StartedRun
from ganzoo.training.stopping import Stopping, stop_requests
from ganzoo.training.switches import switches
from ganzoo.training.transfer import Source, Transfer


def train(
    run: Run,
    folder: Callable[[], RunFolder],
    progress: Observer = SILENT,
    others: Sequence[Observer] = (),
    *,
    part: Fraction = WHOLE,
) -> tuple[RunFolder, Outcome]:
    """Train a new run; ``folder()`` creates its folder, after all other checks have passed.

    It is trained to the end of a first ``part`` of its steps. ``progress`` also gets the events of
    the preparation; ``others`` get those of the training.

    Raises Stopped if a request to stop arrives before the first step.
    """
    with switches(run.train), _stop_requests(run, progress) as stopping:
        with stopping.immediately():
            engine = _engine(run, progress)
            source = Source.of(run, engine, progress.on_message)
            assembly = assemble(run, engine, progress)
            transfer = Transfer(source, assembly) if source else None
            evaluation = _build_evaluation(assembly)
            if evaluation and engine.is_main:
                evaluation.check_metrics()
                if note := evaluation.note:
                    progress.on_message(note)
            if engine.is_main and (note := _few_images(assembly)):
                progress.on_message(note)
            engine.wait_for_others()  # with the folder, a request is no longer immediate in any
        engine.tell_main_ready()
        run_folder = RunFolder(engine.broadcast(folder().path if engine.is_main else Path()))
        with _ownership(run, run_folder, progress) as owner:
            observers = (progress, *others)
            started = StartedRun(assembly, run_folder, owner, evaluation, part, observers)
            return run_folder, started.train(stopping, transfer)


def resume(
    run: Run,
    folder: RunFolder,
    progress: Observer = SILENT,
    others: Sequence[Observer] = (),
    *,
    part: Fraction = WHOLE,
) -> Outcome:
    """Resume a run from its newest undamaged checkpoint.

    It is trained to the end of a first ``part`` of its steps.

    Raises RequestError if another process uses the run; the run folder is unchanged then.
    """
    with (
        switches(run.train),
        _stop_requests(run, progress) as stopping,
        _ownership(run, folder, progress) as owner,
    ):
        with stopping.immediately():
            assembly = assemble(run, _engine(run, progress), progress)
            evaluation = _build_evaluation(assembly)
            transfer = None
            if not Checkpoints(folder.checkpoints, keep=1).has_any():
                source = Source.of(run, assembly.engine, progress.on_message)
                transfer = Transfer(source, assembly) if source else None
            assembly.engine.wait_for_others()
        assembly.engine.tell_main_ready()
        started = StartedRun(assembly, folder, owner, evaluation, part, (progress, *others))
        return started.resume(stopping, transfer)


def _engine(run: Run, progress: Observer) -> Engine:
    engine, started = Engine(run.train), launcher()
    if started and started.name != AGENT and engine.processes > 1 and engine.is_main:
        progress.on_message(f"{started}, which train this run together")
    return engine


_OFTEN = 60
"""How often a run shows each image before the discriminator may memorize it.

With 25 to 44 times, runs without an augmentation of all images were as good or better; with 120
times dcgan was worse, and with 2,000 times by far (docs/architectures.md).
"""


def _few_images(assembly: Assembly) -> str:
    """Which augmentations suit so few images, if the run has none against memorization."""
    images = len(assembly.batches.data)
    suggested, times = assembly.run.augmentations_for(images), assembly.total_images / images
    if not suggested or times < _OFTEN or assembly.setup.components.resist_memorization():
        return ""
    choices = " or ".join(f"--augment {name}" for name in suggested)
    return f"the discriminator may memorize {images:,} images: consider {choices}"


@contextmanager
def _stop_requests(run: Run, progress: Observer) -> Iterator[Stopping]:
    limit, shown = run.train.max_time, progress if launched_as_main(run.train) else SILENT
    with (
        stop_requests(shown.on_message) as stopping,
        stopping.after(seconds(limit) if limit else None, f"train.max_time={limit} is reached"),
    ):
        yield stopping


@contextmanager
def _ownership(run: Run, folder: RunFolder, progress: Observer) -> Iterator[Ownership | None]:
    if not launched_as_main(run.train):
        yield None
        return
    with owned(folder.path, progress.on_message) as owner:
        folder.remove_partial_files()
        yield owner


def _build_evaluation(assembly: Assembly) -> Evaluation | None:
    """The evaluation during training; None without ``evaluate.every``.

    The main process builds it first: its extractor may load files that the others then find.
    """
    engine = assembly.engine
    if assembly.run.evaluate.every is None:
        return None
    if not engine.is_main:
        engine.broadcast(None)
    evaluation = Evaluation(assembly.run, assembly.batches.data, engine.device)
    if engine.is_main:
        engine.broadcast(None)
    return evaluation
