"""A run that was started in its folder: it is recorded there, observed and trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from ganzoo.errors import RequestError
from ganzoo.evaluation.record import EvaluationResult
from ganzoo.folders import RunFolder
from ganzoo.observers.observer import ObservedRun, Observer
from ganzoo.observers.observer_list import ObserverList
from ganzoo.ownership import Ownership
from ganzoo.settings import changed_values
from ganzoo.training.assembly import Assembly
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.environment import AFFECTS_BITS, environment
from ganzoo.training.evaluation import Evaluation
from ganzoo.training.loop import Loop, Outcome
from ganzoo.training.patience import Patience
from ganzoo.training.run_observers import build_observers
from ganzoo.training.transfer import Transfer


class StartedRun:
    """An assembled run and its folder, in each of its processes.

    ``evaluation`` and ``part`` are those of the loop. ``observers`` are notified after those of the
    run's settings; the first one shows messages.
    """

    def __init__(
        self,
        assembly: Assembly,
        folder: RunFolder,
        owner: Ownership | None,
        evaluation: Evaluation | None,
        part: Fraction,
        observers: Sequence[Observer],
    ) -> None:
        self._run = assembly.run
        self._engine = assembly.engine
        self._assembly = assembly
        self._folder = folder
        self._user_observers = observers
        self._observers = ObserverList()
        self._checkpoints = Checkpoints(folder.checkpoints, self._run.checkpoint.keep, owner)
        self._loop = Loop(assembly, self._checkpoints, self._observers, evaluation, part)

    def resume(self, stopping: Callable[[], bool], transfer: Transfer | None) -> Outcome:
        """Train from the newest checkpoint, or from the first step if there is none yet."""
        if not self._restore():
            return self._loop.outcome
        return self.train(stopping, transfer, resumed=True)

    def train(
        self, stopping: Callable[[], bool], transfer: Transfer | None, *, resumed: bool = False
    ) -> Outcome:
        """Train to the end, or until ``stopping()``; ``transfer`` has set the initial weights."""
        if transfer:
            transfer.start_ema(self._loop.trainer.ema)
            self._message(transfer.message())
        if self._engine.is_main:
            self._record(transfer)
            self._add_observers(resumed)
        self._engine.broadcast(None)  # the others wait for observers, which may connect to servers
        notify = self._observers.notify
        try:
            outcome = self._loop.train(stopping)
        except BaseException as error:
            raised = error
            notify(lambda observer: observer.on_failure(raised))
            raise
        finally:
            notify(lambda observer: observer.on_end())
        self._engine.broadcast(None)  # no process ends before the main one
        return outcome

    def _restore(self) -> bool:
        """Restore the newest checkpoint, if there is one; returns whether anything is left to do.

        Raises RequestError if the folder of checkpoints, which every run has, is missing.
        """
        loop, folder = self._loop, self._checkpoints.folder
        if not self._checkpoints.has_any():
            if not folder.is_dir():
                raise RequestError(
                    f"the checkpoints of {folder.parent} are missing: restore {folder}, or start a "
                    "new run in another folder"
                )
            self._message("there is no checkpoint yet: training starts at the first step")
            return True
        loop.resume(self._message)
        step = loop.progress.step
        if step in {
            evaluated.step for evaluated in EvaluationResult.read(self._folder.evaluations)
        }:
            loop.evaluations.last_step = step
        is_done = step >= loop.progress.end_step and not loop.evaluations.is_due
        if is_done and loop.outcome is Outcome.FINISHED:
            self._message(f"all {step} steps are done: --steps N trains up to step N")
        return not is_done

    def _record(self, transfer: Transfer | None) -> None:
        """Write the settings and the environment; report what changed since the last start."""
        folder, tree = self._folder, self._run.tree()
        facts = environment(self._assembly)
        if transfer:
            facts["initialized_from"] = transfer.facts()
        if before := folder.sessions():
            last = before[-1]
            self._show_changes(
                "this resume is not exact to the bit, because these changed",
                {key: (last.get(key), facts[key]) for key in AFFECTS_BITS},
            )
            facts["changed"] = changes = changed_values(folder.stored_settings(), tree)
            self._show_changes("settings that changed since the last start", changes)
        folder.write_settings(tree)
        folder.add_session(facts)

    def _show_changes(self, what: str, values: Mapping[str, tuple[Any, Any]]) -> None:
        """Show the values that differ from those before, if any do."""
        listed = [f"{key} {old} -> {new}" for key, (old, new) in values.items() if old != new]
        if listed:
            self._message(f"{what}: {', '.join(listed)}")

    def _message(self, text: str) -> None:
        """Show a message, in the main process only."""
        if self._engine.is_main:
            self._user_observers[0].on_message(text)

    def _add_observers(self, resumed: bool) -> None:
        """Notify the observers of the run's settings, and the others, from now on."""
        loop, observers = self._loop, self._observers
        early: list[str] = []  # the warnings of factories, before there are observers
        send: Callable[[str], None] = early.append

        def send_to_all(message: str) -> None:
            observers.warn(loop.progress.step, message)

        observed = ObservedRun(
            folder=self._folder,
            step=loop.progress.step,
            resumed=resumed,
            settings=self._run.tree(),
            stop=loop.end,
            warn=lambda message: send(message),
        )
        built, failures = build_observers(self._run, observed)
        observers.add(*built, *self._user_observers)
        if self._run.evaluate.patience:
            observers.add(Patience(self._run.evaluate, run=observed))
        send = send_to_all
        for message in (*early, *failures):
            send(message)
