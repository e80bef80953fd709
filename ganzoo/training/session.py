"""Start or resume a run: build its components, then train."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from ganzoo.errors import RequestError
from ganzoo.evaluation.record import EvaluationResult
from ganzoo.folders import RunFolder
from ganzoo.launcher import AGENT, launcher
from ganzoo.observers.observer import ObservedRun, Observer
from ganzoo.observers.observer_list import ObserverList
from ganzoo.ownership import Ownership, owned
from ganzoo.run import Run
from ganzoo.setting_types import seconds
from ganzoo.settings import changed_values
from ganzoo.training.assembly import Assembly, assemble
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.engine import Engine, launched_as_main
from ganzoo.training.environment import AFFECTS_BITS, environment
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.loop import WHOLE, Loop, Outcome
from ganzoo.training.patience import Patience
from ganzoo.training.run_observers import build_observers
from ganzoo.training.stopping import Stopping, stop_requests
from ganzoo.training.store import SILENT
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
            args = (assembly, evaluation, run_folder, (progress, *others), stopping, owner)
            return run_folder, _train(*args, transfer, part, resumed=False)


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
        args = (assembly, evaluation, folder, (progress, *others), stopping, owner)
        return _train(*args, transfer, part, resumed=True)


def _on_message(run: Run, progress: Observer) -> Callable[[str], None]:
    """Show messages from the main process only."""
    return progress.on_message if launched_as_main(run.train) else SILENT.on_message


def _engine(run: Run, progress: Observer) -> Engine:
    engine, started = Engine(run.train), launcher()
    if started and started.name != AGENT and engine.processes > 1 and engine.is_main:
        progress.on_message(f"{started}, which train this run together")
    return engine


def _few_images(assembly: Assembly) -> str:
    """Which augmentations suit so few images, if the run has none against memorization."""
    images = len(assembly.batches.data)
    suggested = assembly.run.augmentations_for(images)
    if not suggested or assembly.setup.components.resist_memorization():
        return ""
    choices = " or ".join(f"--augment {name}" for name in suggested)
    return f"the discriminator may memorize {images:,} images: consider {choices}"


@contextmanager
def _stop_requests(run: Run, progress: Observer) -> Iterator[Stopping]:
    limit = run.train.max_time
    with (
        stop_requests(_on_message(run, progress)) as stopping,
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


def _train(
    assembly: Assembly,
    evaluation: Evaluation | None,
    folder: RunFolder,
    user_observers: Sequence[Observer],
    stopping: Stopping,
    owner: Ownership | None,
    transfer: Transfer | None,
    part: Fraction,
    *,
    resumed: bool,
) -> Outcome:
    engine, run = assembly.engine, assembly.run
    message = _on_message(run, user_observers[0])
    checkpoints = Checkpoints(folder.checkpoints, run.checkpoint.keep, owner)
    observers = ObserverList()
    loop = Loop(assembly, checkpoints, observers, evaluation, part)
    if resumed and not _restore(loop, checkpoints, folder, message):
        return loop.outcome
    if transfer:
        transfer.start_ema(loop.trainer.ema)
        message(transfer.message())
    if engine.is_main:
        _record_session(folder, assembly, transfer, message)
        step, tree = loop.progress.step, run.tree()
        observed = ObservedRun(
            folder=folder,
            step=step,
            resumed=resumed,
            settings=tree,
            stop=loop.end,
            warn=lambda message: observers.warn(loop.progress.step, message),
        )
        built, failures = build_observers(run, observed)
        observers.add(*built, *user_observers)
        if run.evaluate.patience:
            observers.add(Patience(run.evaluate, run=observed))
        for failure in failures:
            observers.warn(step, failure)
    engine.broadcast(None)  # the others wait for the observers, which may connect to servers
    try:
        outcome = loop.train(stopping)
    except BaseException as error:
        raised = error
        observers.notify(lambda observer: observer.on_failure(raised))
        raise
    finally:
        observers.notify(lambda observer: observer.on_end())
    engine.broadcast(None)  # no process ends before the main one
    return outcome


def _restore(
    loop: Loop, checkpoints: Checkpoints, folder: RunFolder, message: Callable[[str], None]
) -> bool:
    """Restore the newest checkpoint, if there is one; returns whether anything is left to do."""
    if not checkpoints.has_any():
        _require_checkpoint_folder(checkpoints)
        message("there is no checkpoint yet: training starts at the first step")
        return True
    loop.resume(message)
    step = loop.progress.step
    if step in {each.step for each in EvaluationResult.read(folder.evaluations)}:
        loop.evaluations.last_step = step
    is_done = step >= loop.progress.end_step and not loop.evaluations.is_due
    if is_done and loop.outcome is Outcome.FINISHED:
        message(f"all {step} steps are done: --steps N trains up to step N")
    return not is_done


def _require_checkpoint_folder(checkpoints: Checkpoints) -> None:
    """Raise RequestError if the folder of checkpoints, which every run has, is missing."""
    if not checkpoints.folder.is_dir():
        raise RequestError(
            f"the checkpoints of {checkpoints.folder.parent} are missing: restore "
            f"{checkpoints.folder}, or start a new run in another folder"
        )


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


def _record_session(
    folder: RunFolder,
    assembly: Assembly,
    transfer: Transfer | None,
    message: Callable[[str], None],
) -> None:
    """Write the settings and the environment; report what changed since the last start."""
    facts = environment(assembly)
    if transfer:
        facts["initialized_from"] = transfer.facts()
    if before := folder.sessions():
        changed = [key for key in AFFECTS_BITS if before[-1].get(key) != facts[key]]
        if changed:
            listed = ", ".join(f"{key} {before[-1].get(key)} -> {facts[key]}" for key in changed)
            message(f"this resume is not exact to the bit, because these changed: {listed}")
        facts["changed"] = changes = changed_values(folder.stored_settings(), assembly.run.tree())
        if changes:
            listed = ", ".join(f"{key} {old} -> {new}" for key, (old, new) in changes.items())
            message(f"settings that changed since the last start: {listed}")
    folder.write_settings(assembly.run.tree())
    folder.add_session(facts)
