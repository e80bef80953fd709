"""The rungs of a sweep folder: which runs are in each, and which of them go on.

What a run has reached is written once, by the process that has trained it; which runs go on is a
function of that, and written once, too. So a sweep that was killed at any moment goes on equally.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ganzoo.comparison import Rung
from ganzoo.errors import RequestError
from ganzoo.folders import write_atomically
from ganzoo.ownership import owned
from ganzoo.sweeps.halving import Halving, Place, Reached, places
from ganzoo.sweeps.trial_folder import RUNNING, TrialFolder

OUT = "out in rung "
"""The beginning of the state of a run that does not go on."""


class Rungs:
    """The rungs of a sweep folder; they are numbered from 1 on."""

    def __init__(self, sweep: Path, halving: Halving) -> None:
        self.halving = halving
        self._folder = sweep / "rungs"

    @property
    def ended(self) -> list[list[Place]]:
        """The places of the runs in each rung after which it was decided which go on."""
        found: list[list[Place]] = []
        while len(found) < self.halving.rungs - 1 and (file := self._file(len(found) + 1)).exists():
            try:
                found.append([Place(**place) for place in json.loads(file.read_text("utf-8"))])
            except (OSError, ValueError, TypeError, RecursionError) as error:
                raise RequestError(
                    f"cannot read {file}: {error}; remove it: it is written again from the values "
                    "of the runs"
                ) from error
        return found

    @property
    def current(self) -> int:
        """The number of the first rung that has not ended."""
        return len(self.ended) + 1

    def present(self, rung: int, folders: Sequence[TrialFolder]) -> list[TrialFolder]:
        """The runs of a rung, up to the current one."""
        if rung == 1:
            return list(folders)
        names = {place.run for place in self.ended[rung - 2] if place.goes_on}
        return [each for each in folders if each.path.name in names]

    def left(self, rung: int, folders: Sequence[TrialFolder]) -> list[TrialFolder]:
        """The runs of a rung that have not ended it."""
        return [each for each in self.present(rung, folders) if self.is_left(each, rung)]

    def is_left(self, folder: TrialFolder, rung: int) -> bool:
        """Whether a run of a rung has not ended it, maybe because a process trains it now."""
        is_last = rung == self.halving.rungs  # a run that has reached its end is finished
        return folder.is_open and (is_last or folder.reached(rung) is None)

    def end(self, rung: int, folders: Sequence[TrialFolder]) -> int:
        """Decide which runs go on from a rung whose runs have all ended it; how many do.

        Raises InUse if another process decides it now.
        """
        self._folder.mkdir(exist_ok=True)
        with owned(self._folder, lambda message: None):
            ended = self.ended
            if len(ended) >= rung:  # another process was faster
                return sum(place.goes_on for place in ended[rung - 1])
            reached = {each.path.name: each.reached(rung) for each in self.present(rung, folders)}
            found = places(reached, self.halving.kept(len(reached)))
            going = sum(place.goes_on for place in found)
            if going:
                plain = [asdict(place) for place in found]
                write_atomically(self._file(rung), json.dumps(plain, indent=2) + "\n")
            return going

    def reached(self, folders: Sequence[TrialFolder], runs: int) -> dict[str, list[Rung]]:
        """What each run has reached in the rungs, by name, of a sweep with so many runs."""
        ended = [{place.run: place for place in each} for each in self.ended]
        counts = [runs, *(sum(p.goes_on for p in each.values()) for each in ended)]
        if len(counts) == self.halving.rungs:
            ended.append(self._last_places(folders))
        found: dict[str, list[Rung]] = {}
        for folder in folders:
            rungs = found.setdefault(folder.path.name, [])
            for number, count in enumerate(counts, 1):
                place = ended[number - 1].get(folder.path.name) if number <= len(ended) else None
                reached = folder.reached(number)
                if place or reached:
                    rungs.append(self._rung(number, count, reached, place))
        return found

    def _last_places(self, folders: Sequence[TrialFolder]) -> dict[str, Place]:
        """The places of the runs in the last rung, as soon as it has ended."""
        number = self.halving.rungs
        if self.left(number, folders):
            return {}
        present = self.present(number, folders)
        found = places({each.path.name: each.reached(number) for each in present}, 1)
        return {place.run: place for place in found}

    def _rung(self, number: int, runs: int, reached: Reached | None, place: Place | None) -> Rung:
        score = reached.score if reached else None
        return Rung(
            number=number,
            metric=self.halving.metric,
            step=reached.step if reached else None,
            images_seen=reached.images_seen if reached else None,
            value=score.value if score else None,
            runs=runs,
            rank=place.rank if place else None,
            goes_on=place.goes_on if place and number < self.halving.rungs else None,
        )

    def state(self, folder: TrialFolder, rungs: Sequence[Rung]) -> str:
        """The state of a run, with the rung in which it is out, or has ended before others."""
        state = folder.state
        if not rungs or not folder.is_open or state == RUNNING:
            return state
        last = rungs[-1]
        if last.goes_on:
            return folder.ended or f"goes on in rung {last.number + 1}"
        return f"out in {last}" if last.is_out else f"at the end of {last}"

    def _file(self, rung: int) -> Path:
        return self._folder / f"{rung}.json"
