"""One run that is ended again and again, and what must hold after each of its processes."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch

from ganzoo import RequestError
from ganzoo.folders import RunFolder
from ganzoo.training.loop import Outcome
from tests.sameness import same
from tests.torture import process
from tests.torture.faults import LASTING, Fault
from tests.torture.mischief import damaged, litter, newest_whole, whole
from tests.torture.process import Ending, lived
from tests.torture.victims import EVERY, Victim, results

REPORTS = "metrics.jsonl"


@dataclass(frozen=True)
class Deed:
    """What is done to a process: it gets a signal after some seconds, or a fault is injected."""

    after: float | None = None
    by: signal.Signals = signal.SIGKILL
    fault: Fault | None = None

    @property
    def raises(self) -> bool:
        """Whether it gives the process a chance to go on."""
        return self.fault is not None and self.fault.error is not None

    @property
    def sort(self) -> str:
        """What is counted together."""
        if self.fault is None:
            return f"{self.by.name} at any moment" if self.after is not None else "left alone"
        return f"{'OSError' if self.raises else 'death'}: {self.fault.point.name}"

    def happened(self, ending: Ending) -> bool:
        """Whether the process came as far as that."""
        if self.raises:
            return str(self.fault) in ending.said
        return ending.was_killed or ending.status == process.STOPPED

    def __str__(self) -> str:
        return str(self.fault) if self.fault else f"{self.sort} ({self.after} s)"


class Life:
    """A run from its first process to its end, and what must hold between them."""

    def __init__(self, victim: Victim, place: Path) -> None:
        self.victim = victim
        self.folder = place / "run"
        self._place = place
        self._spent: set[str] = set()
        """Results that an OSError may have cost."""
        self._newest = -1
        """The step of the newest checkpoint that was whole, and was not damaged on purpose."""
        self._damaged: Path | None = None
        """The checkpoint that was damaged on purpose, until a resume has come by it."""
        place.mkdir(parents=True)

    def endure(self, number: int, deed: Deed) -> tuple[Ending, list[str]]:
        """How the next process ended, and what is not as it must be after it."""
        sessions = self._sessions()
        ending = self._lived(number, deed)
        if deed.fault and deed.raises:
            self._spent.update(deed.fault.point.costs)
            lasting = deed.fault.times == LASTING and deed.fault.point.name.endswith(REPORTS)
            if self.victim.goes_back and lasting:  # its reports would have to be written anew
                self._spent.add(REPORTS)
        return ending, list(self._losses(deed, ending, began=self._sessions() > sessions))

    def _sessions(self) -> int:
        return len(RunFolder(self.folder).sessions())

    def _lived(self, number: int, deed: Deed) -> Ending:
        def work() -> Outcome:
            torch.set_num_threads(1)
            os.environ["GANZOO_CACHE"] = str(self._place / "cache")
            if deed.fault:
                deed.fault.inject()
            return self.victim.go_on(self.folder)

        if self.folder.exists() and not (self.folder / "run.toml").exists():
            shutil.rmtree(self.folder)  # it died before anything was kept
        log = self._place / f"{number:02}.log"
        ending = lived(work, log, deed.after, deed.by)
        with log.open("a") as file:
            print(f"-- {deed}: {ending.process} ended with {ending.status}", file=file)
        return ending

    def make_mischief(self, random: Random) -> str | None:
        """What was done to the folder, if anything could be."""
        if not self._sessions():
            return None
        if random.random() < 0.3:
            return litter(self.folder, random)
        if not (done := damaged(self.folder, random)):
            return None
        way, self._damaged = done
        self._newest = newest_whole(self.folder)
        return way

    def _losses(self, deed: Deed, ending: Ending, *, began: bool) -> Iterator[str]:
        """What is wrong after a process that came as far as to begin training, or did not."""
        yield from _bad_endings(deed, ending)
        if began or ending.status == process.COMPLETE:
            yield from self._left_over(ending.process)
        yield from self._bad_checkpoints(ending, began=began)

    def results(self) -> dict[str, Any]:
        """What came out of it."""
        return results(self.folder)

    def differences(self, expected: dict[str, Any]) -> list[str]:
        """The results that are not what an undisturbed run has."""
        try:
            found = self.results()
        except (RequestError, ValueError, OSError) as error:
            return [f"what came out cannot be read: {error}"]
        names = sorted(expected.keys() - self._spent)
        return [
            f"{name}: not as undisturbed" for name in names if not same(found[name], expected[name])
        ]

    def _left_over(self, child: int) -> Iterator[str]:
        for part in self.folder.rglob(".*.part"):
            if f".{child}-" not in part.name:
                yield f"{part.name} was left lying"

    def _bad_checkpoints(self, ending: Ending, *, began: bool) -> Iterator[str]:
        if began and self._damaged:
            if "is damaged" not in ending.said:
                yield f"nothing was said of {self._damaged.name}, which was damaged"
            if not self._damaged.with_name(f"{self._damaged.name}.corrupt").exists():
                yield f"{self._damaged.name}, which was damaged, was not set aside"
        if began or (self._damaged and not self._damaged.exists()):
            self._damaged = None
        for path in (self.folder / "checkpoints").glob("step-*.pt"):
            if path != self._damaged and not whole(path):
                yield f"{path.name} is not whole"
        newest = newest_whole(self.folder)
        # One that was written since a run was stopped is not kept where it goes back further.
        if newest < self._newest - (EVERY if self.victim.goes_back else 0):
            yield f"the newest whole checkpoint was of step {self._newest}, and is of {newest}"
        self._newest = newest


def _bad_endings(deed: Deed, ending: Ending) -> Iterator[str]:
    last = (ending.said.splitlines() or ["nothing was said"])[-1]
    if ending.status == process.HUNG:
        yield f"it hung for {process.SECONDS} seconds: {last}"
    elif ending.status < 0 and not ending.was_killed:
        yield f"it died of signal {-ending.status}: {last}"
    elif ending.status in (process.REFUSED, process.FAILED) and not deed.raises:
        yield f"it ended with an error, out of nothing: {last}"
    elif ending.status == process.CRASHED or "Traceback" in ending.said:
        yield f"there was a traceback: {last}"
