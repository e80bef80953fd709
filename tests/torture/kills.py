"""Runs that are killed and damaged again and again, and must end as if nothing had happened.

A run is trained by one process after another. Each is killed at some moment, or fails at some point
of its writing, until one comes to the end. What is done follows from the seed, the kind of run, its
number and that of the process. Folders of runs that are lost are kept.
"""

from __future__ import annotations

import errno
import itertools
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.torture import process
from tests.torture.faults import LASTING, POINTS, SAVING, Fault
from tests.torture.life import Deed, Life
from tests.torture.victims import Victim, victims

MOST_PROCESSES = 100
"""For one run; one that needs more comes to no end."""
_MISCHIEF = 0.3
"""Share of the processes before which something is done to the folder."""


@dataclass
class Row:
    """What has become of one sort of thing that was done."""

    what: str
    tried: int = 0
    lost: list[str] = field(default_factory=list)
    """A line for each time that it was not survived."""


class Torture:
    """Kills runs, and counts."""

    def __init__(self, kinds: Sequence[Victim], seed: int, keep: Path) -> None:
        self.kills = 0
        self._kinds = kinds
        self._seed = seed
        self._keep = keep
        self._rows: dict[str, Row] = {}
        self._undisturbed = {victim.name: self._alone(victim) for victim in kinds}

    @property
    def rows(self) -> list[Row]:
        """What was done, and what has become of it."""
        return [self._rows[what] for what in sorted(self._rows)]

    def _row(self, what: str) -> Row:
        return self._rows.setdefault(what, Row(what))

    def _alone(self, victim: Victim) -> tuple[dict[str, Any], float]:
        """What comes out of a run that nothing is done to, and how many seconds it takes."""
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as place:
            life = Life(victim, Path(place, "alone"))
            ending, lost = life.endure(0, Deed())
            if lost or ending.status != process.COMPLETE:
                raise RuntimeError(f"{victim.name} does not end well by itself: {ending.said}")
            return life.results(), time.monotonic() - began

    def at_random(self, kills: int) -> None:
        """Kill so often, or a little oftener."""
        for number in itertools.count():
            if self.kills >= kills:
                return
            victim = self._kinds[number % len(self._kinds)]
            self.live(victim, number, self._random_deeds(victim, number))

    def _random_deeds(self, victim: Victim, number: int) -> Iterator[Deed]:
        _, seconds = self._undisturbed[victim.name]
        # A run that goes back to an older checkpoint than it would have is another run.
        saving = ("checkpoint", "description", "checkpoints' folder")
        errors = [p for p in POINTS if not (victim.goes_back and p.name.endswith(saving))]
        for attempt in itertools.count():
            random = Random(f"{self._seed} {victim.name} {number} deed {attempt}")
            if random.random() < 0.5:
                by = random.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
                yield Deed(after=random.uniform(0, seconds), by=by)
            else:
                yield Deed(fault=Fault.drawn(random, errors))

    def live(self, victim: Victim, number: int, deeds: Iterator[Deed]) -> None:
        """Let a run live through these deeds, and keep its folder if it is lost."""
        place = self._keep / f"{number:03} {victim.name}"
        life = Life(victim, place)
        lost = self._lost_on_the_way(life, number, deeds)
        lost += life.differences(self._undisturbed[victim.name][0])
        row = self._row(f"run: {victim.name}")
        row.tried += 1
        if lost:
            row.lost.append("\n  ".join([f"kept in {place}:", *lost]))
        else:
            shutil.rmtree(place)

    def _lost_on_the_way(self, life: Life, number: int, deeds: Iterator[Deed]) -> list[str]:
        lost: list[str] = []
        for attempt, deed in enumerate(itertools.islice(deeds, MOST_PROCESSES)):
            random = Random(f"{self._seed} {life.victim.name} {number} mischief {attempt}")
            if random.random() < _MISCHIEF and (done := life.make_mischief(random)):
                self._row(f"between: {done}").tried += 1
            ending, found = life.endure(attempt, deed)
            row = self._row(deed.sort if deed.happened(ending) else Deed().sort)
            row.tried += 1
            named = f"{life.folder.parent.name}, process {attempt}, {deed}"
            told = [f"{named}: {loss}" for loss in found]
            row.lost += told[:1]
            lost += told
            self.kills += ending.was_killed
            if ending.status == process.COMPLETE:
                return lost
        return [*lost, f"it came to no end in {MOST_PROCESSES} processes"]


def torture(kills: int, seed: int, keep: Path, steps: int = 60) -> list[Row]:
    """What becomes of runs of all kinds that are killed so often; lost ones are kept."""
    keep.mkdir(parents=True, exist_ok=True)
    tormentor = Torture(victims(keep, steps), seed, keep)
    tormentor.at_random(kills)
    return tormentor.rows


def torture_everywhere(keep: Path, steps: int = 18) -> list[Row]:
    """What becomes of a run that dies at each point of a save, and finds the disk full."""
    kind, *_ = victims(keep, steps)
    tormentor = Torture([kind], 0, keep)
    full = [point for point in SAVING if point.name in ("write checkpoint", "replace checkpoint")]
    errors = [Deed(fault=Fault(p, 0, LASTING, errno.ENOSPC, p.size // 2)) for p in full]
    deaths = [Deed(fault=Fault(point, room=point.size // 2)) for point in SAVING]
    tormentor.live(kind, 0, iter([*errors, *deaths, Deed()]))
    return tormentor.rows
