"""The checkpoints of a run: writing, finding and removing them, and which one is the best."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ganzoo.errors import RequestError
from ganzoo.folders import write_atomically
from ganzoo.journal import is_number
from ganzoo.ownership import Ownership
from ganzoo.training.checkpoint_file import (
    DamagedCheckpoint,
    State,
    is_permanent,
    read,
    read_description,
    read_json,
    remove,
    rename_damaged,
    write,
)

_NAME = re.compile(r"step-(\d+)\.pt")


class Checkpoints:
    """The checkpoints of one run, in one folder.

    ``torch.load(..., weights_only=True)`` reads ``step-0001000.pt``. ``step-0001000.json`` is its
    description with size and SHA-256; a checkpoint without a description is invalid.
    """

    def __init__(self, folder: Path, keep: int, owner: Ownership | None = None) -> None:
        self.folder = folder
        self.keep = keep
        self._owner = owner

    def require_owner(self) -> None:
        """Raise LostOwnership if another process has taken over the run."""
        if self._owner:
            self._owner.check()

    def path(self, step: int) -> Path:
        """The checkpoint file of a step, whether it exists or not."""
        return self.folder / f"step-{step:07}.pt"

    def save(self, state: State, *, permanent: bool = False, keep_step: int | None = None) -> Path:
        """Write a checkpoint atomically, then remove old ones; return its path.

        A ``permanent`` checkpoint is never removed; that of step ``keep_step`` is not removed now.
        Raises OSError if it cannot be written, and LostOwnership if another process has taken over
        the run; existing checkpoints are unchanged then.
        """
        path = self.path(state["step"])
        self.require_owner()
        try:
            self.folder.mkdir(exist_ok=True)
            write(path, state, permanent=permanent)
        except OSError as error:
            reason = error.strerror or error
            raise OSError(f"cannot write the checkpoint {path}: {reason}") from error
        self._remove_old(path, keep_step)
        return path

    def _remove_old(self, newest: Path, keep_step: int | None) -> None:
        # Checkpoints of later steps can only be damaged ones, which a resume has skipped.
        paths = self.paths()
        try:
            kept = {self._best_name(), None if keep_step is None else self.path(keep_step).name}
        except RequestError:  # the best checkpoint is unknown: keep all
            return
        for old in paths[paths.index(newest) :][self.keep :]:
            if old.name not in kept and not is_permanent(old):
                remove(old)

    def remove_after(self, step: int) -> None:
        """Remove the checkpoints of later steps, after a rollback to this step."""
        for path in set(self.paths()) - set(self.paths(step)):
            remove(path)

    def mark_best(self, step: int, number: str, value: float, basis: Sequence[object] = ()) -> None:
        """Record this step's checkpoint as the best one by this number.

        Only numbers with the same ``basis``, which is plain values, can be compared.
        """
        best = {"checkpoint": self.path(step).name, "number": number, "value": value}
        best["basis"] = list(basis)
        write_atomically(self._best_file, json.dumps(best, indent=2) + "\n")

    def best_value(self, number: str, basis: Sequence[object] = ()) -> float | None:
        """The value of the best checkpoint by this number and basis, if there is one."""
        best = read_json(self._best_file)
        same = (best.get("number"), best.get("basis")) == (number, list(basis))
        exists = same and (self.folder / str(best.get("checkpoint"))).is_file()
        return float(best["value"]) if exists and is_number(best.get("value")) else None

    def find(self, which: str) -> Path:
        """The file of the checkpoint ``best``, ``last``, or of a step, given as digits.

        Raises RequestError if it does not exist, or if it is unknown which one is the best.
        """
        paths = self.paths()
        if which == "last" and paths:
            return paths[0]
        if which == "best" and (best := self._best_name()):
            return self.folder / best
        if which.isdecimal() and self.path(int(which)) in paths:
            return self.path(int(which))
        steps = ", ".join(map(str, self.steps()))
        raise RequestError(
            f"{self.folder.parent} has no checkpoint {which}: there are {steps or 'none'}; best "
            "exists if evaluate.every is set"
        )

    @property
    def _best_file(self) -> Path:
        return self.folder / "best.json"

    def _best_name(self) -> str | None:
        """The file name of the best checkpoint; raises RequestError if best.json is damaged."""
        if not self._best_file.exists():
            return None
        if "checkpoint" not in (best := read_json(self._best_file)):
            raise RequestError(f"{self._best_file} cannot be read: choose last or a step")
        return str(best["checkpoint"])

    def steps(self) -> list[int]:
        """The steps of all checkpoints, newest first."""
        return [int(path.stem.removeprefix("step-")) for path in self.paths()]

    def paths(self, newest: float = math.inf) -> list[Path]:
        """The checkpoint files up to step ``newest``, newest first, ordered by step."""
        named = ((_NAME.fullmatch(path.name), path) for path in self.folder.glob("step-*.pt"))
        by_step = {int(name[1]): path for name, path in named if name}
        steps = sorted((step for step in by_step if step <= newest), reverse=True)
        return [by_step[step] for step in steps if by_step[step].is_file()]

    def images_seen(self) -> int:
        """The images that the newest checkpoint has seen; 0 if that is unknown."""
        newest = next(iter(self.paths()), None)
        seen = read_description(newest).get("images_seen") if newest else None
        return seen if isinstance(seen, int) else 0

    def has_any(self) -> bool:
        """Whether the folder has any checkpoint, including damaged and renamed ones."""
        return bool(list(self.folder.glob("step-*.pt*")))

    def load(
        self,
        warn: Callable[[str], None] = lambda message: None,
        *,
        newest: float = math.inf,
        set_aside: bool = False,
    ) -> State:
        """The newest undamaged checkpoint up to step ``newest``.

        Damaged ones are skipped and reported with ``warn``; if there is an undamaged one,
        ``set_aside`` renames them to ``.corrupt``.

        Raises RequestError if there is none, or if it has another format.
        """
        damaged: dict[Path, str] = {}
        tried = self.paths(newest)
        for path in tried:
            try:
                state = read(path)
            except DamagedCheckpoint as error:
                damaged[path] = str(error)
                continue
            for other, reason in damaged.items():
                renamed = f"; renamed to {rename_damaged(other)}" if set_aside else ""
                warn(f"{reason}; using {path.name} instead{renamed}")
            return state
        if tried != self.paths(newest):  # a training process has written another one
            return self.load(warn, newest=newest, set_aside=set_aside)
        if damaged:
            raise RequestError(f"no checkpoint is usable: {'; '.join(damaged.values())}")
        if list(self.folder.glob("step-*.corrupt")):
            raise RequestError(
                f"no checkpoint is usable: those in {self.folder} are damaged (*.corrupt)"
            )
        if self.paths():
            raise RequestError(f"{self.folder} has no checkpoint up to step {newest}")
        raise RequestError(f"{self.folder.parent} has no checkpoint yet: nothing was trained")
