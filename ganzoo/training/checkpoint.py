"""Checkpoints: whole or not there at all, verified when they are read."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import os
import pickle
import re
import shutil
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import ganzoo
from ganzoo.errors import RequestError
from ganzoo.folders import replacing, write_atomically
from ganzoo.journal import is_number
from ganzoo.ownership import Ownership

FORMAT = 3
"""Of the checkpoints that are written and read."""
_NAME = re.compile(r"step-(\d+)\.pt")
_MARGIN = 1.1
"""Room for what a file holds beside its tensors."""

State = dict[str, Any]
"""Plain tensors and plain Python values, nested in dicts and lists."""


class DamagedCheckpoint(RequestError):
    """A checkpoint that is not what was written."""


class Checkpoints:
    """The checkpoints of one run, in one folder.

    ``step-0001000.pt`` is what ``torch.load(..., weights_only=True)`` reads; ``step-0001000.json``
    beside it says what it is and holds its size and SHA-256, without which it does not count.
    """

    def __init__(self, folder: Path, keep: int, owner: Ownership | None = None) -> None:
        self.folder = folder
        self.keep = keep
        self._owner = owner

    def require_owner(self) -> None:
        """Raise LostOwnership if the run is another process's by now."""
        if self._owner:
            self._owner.check()

    def path(self, step: int) -> Path:
        """The file of a step's checkpoint."""
        return self.folder / f"step-{step:07}.pt"

    def save(self, state: State, *, permanent: bool = False, spare: int | None = None) -> Path:
        """Write a checkpoint that a crash at any moment cannot leave half, then drop old ones.

        One that is written ``permanent`` is never dropped, nor is now that of step ``spare``. Raises
        OSError if the disk does not take it, and LostOwnership if it is another process's turn;
        those before are as they were.
        """
        path = self.path(state["step"])
        self.require_owner()
        try:
            self.folder.mkdir(exist_ok=True)
            _require_disk_space(self.folder, state)
            with replacing(path) as part:
                with _HashingFile(part) as file:
                    _write({"format": FORMAT, **state}, file)
                # Until the new file has taken the place of another, that one is whole, too.
                replaced = _read_description(path).get("sha256") if path.exists() else None
                about = {
                    "format": FORMAT,
                    "ganzoo": ganzoo.__version__,
                    "step": state["step"],
                    "images_seen": state["images_seen"],
                    "size": part.stat().st_size,
                    "sha256": file.sha256.hexdigest(),
                    "replaces": replaced,
                    "for_good": permanent,
                }
                # A description without its checkpoint is passed over, so it comes first.
                write_atomically(path.with_suffix(".json"), json.dumps(about, indent=2) + "\n")
        except OSError as error:
            reason = error.strerror or error
            raise OSError(f"cannot write the checkpoint {path}: {reason}") from error
        self._remove_old(path, spare)
        return path

    def _remove_old(self, newest: Path, spare: int | None) -> None:
        # Newer ones than the newest can only be damaged: they were passed over by a resume.
        paths = self.paths()
        try:
            spared = {self._best(), None if spare is None else self.path(spare).name}
        except ValueError:  # nobody knows which it is: then all stay
            return
        for old in paths[paths.index(newest) :][self.keep :]:
            if old.name not in spared and not _for_good(old):
                _remove(old)

    def remove_after(self, step: int) -> None:
        """Remove those of later steps, since a run goes on in another way from this one."""
        for path in set(self.paths()) - set(self.paths(step)):
            _remove(path)

    def mark_best(self, step: int, number: str, value: float, basis: Sequence[object] = ()) -> None:
        """Keep this step's checkpoint as the best by this number, instead of the one before.

        Only numbers on the same ``basis``, which is plain values, can be compared.
        """
        about = {"checkpoint": self.path(step).name, "number": number, "value": value}
        about["basis"] = list(basis)
        write_atomically(self._best_by, json.dumps(about, indent=2) + "\n")

    def best(self, number: str, basis: Sequence[object] = ()) -> float | None:
        """The value of the best checkpoint, if it is there and was chosen by such a number."""
        about = _read_json(self._best_by)
        same = (about.get("number"), about.get("basis")) == (number, list(basis))
        there = same and (self.folder / str(about.get("checkpoint"))).is_file()
        return float(about["value"]) if there and is_number(about.get("value")) else None

    def find(self, which: str) -> Path:
        """The file of the checkpoint that is called ``best``, ``last`` or by its step.

        Raises RequestError if there is no such one.
        """
        paths = self.paths()
        if which == "last" and paths:
            return paths[0]
        if which == "best" and (best := self._best()):
            return self.folder / best
        if which.isdecimal() and self.path(int(which)) in paths:
            return self.path(int(which))
        steps = ", ".join(map(str, self.steps()))
        raise RequestError(
            f"{self.folder.parent} has no checkpoint {which}: there are {steps or 'none'}; best is "
            "there once a run is evaluated while it trains"
        )

    @property
    def _best_by(self) -> Path:
        return self.folder / "best.json"

    def _best(self) -> str | None:
        """The name of the best one; raises ValueError where there is one and it cannot be told."""
        if not self._best_by.exists():
            return None
        if "checkpoint" not in (about := _read_json(self._best_by)):
            raise ValueError(f"{self._best_by} cannot be read")
        return str(about["checkpoint"])

    def steps(self) -> list[int]:
        """The steps that there are checkpoints of, the newest first."""
        return [int(path.stem.removeprefix("step-")) for path in self.paths()]

    def paths(self, newest: float = math.inf) -> list[Path]:
        """The checkpoint files, newest first, by the number of their step, the greatest allowed."""
        named = ((_NAME.fullmatch(path.name), path) for path in self.folder.glob("step-*.pt"))
        by_step = {int(name[1]): path for name, path in named if name}
        steps = sorted((step for step in by_step if step <= newest), reverse=True)
        return [by_step[step] for step in steps if by_step[step].is_file()]

    def has_any(self) -> bool:
        """Whether a checkpoint was ever written here, be it damaged or set aside."""
        return bool(list(self.folder.glob("step-*.pt*")))

    def load(
        self,
        warn: Callable[[str], None] = lambda message: None,
        *,
        newest: float = math.inf,
        set_aside: bool = False,
    ) -> State:
        """The newest checkpoint that is whole, of no step after ``newest``.

        DamagedCheckpoint ones are passed over and told to ``warn``; if there is a whole one, they are
        ``set_aside`` as ``.corrupt`` on request.

        Raises RequestError if there is none, or if the newest is of a newer format.
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
                where = f"; it is {_set_aside(other)} now" if set_aside else ""
                warn(f"{reason}; going on with {path.name}{where}")
            return state
        if tried != self.paths(newest):  # a run that trains has written another meanwhile
            return self.load(warn, newest=newest, set_aside=set_aside)
        if damaged:
            raise RequestError(f"no checkpoint can be used: {'; '.join(damaged.values())}")
        if list(self.folder.glob("step-*.corrupt")):
            raise RequestError(
                f"no checkpoint can be used: those in {self.folder} were set aside as damaged"
            )
        if self.paths():
            raise RequestError(f"{self.folder} has no checkpoint of step {newest} or before")
        raise RequestError(f"{self.folder.parent} has no checkpoint yet: nothing was trained")


def read(path: Path) -> State:
    """The state in a checkpoint file, its tensors on the CPU.

    Raises DamagedCheckpoint if the file is not the one that was written, and RequestError if it is of another
    format or may not be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DamagedCheckpoint(f"there is no checkpoint file {path}") from error
    except PermissionError as error:
        raise RequestError(f"cannot read the checkpoint {path}: {error.strerror}") from error
    except OSError as error:
        raise DamagedCheckpoint(f"the checkpoint {path} is damaged: {error.strerror}") from error
    about = _read_description(path)
    if not about:
        raise DamagedCheckpoint(
            f"the checkpoint {path} is damaged: its description beside it, "
            f"{path.with_suffix('.json').name}, cannot be read"
        )
    if hashlib.sha256(data).hexdigest() not in (about.get("sha256"), about.get("replaces")):
        _require_format(about.get("format"), about, path)
        raise DamagedCheckpoint(
            f"the checkpoint {path} is damaged: it is not what was written ({len(data)} of "
            f"{about.get('size')} bytes, or its SHA-256 differs)"
        )
    state = _deserialize(data, path)
    _require_format(state.get("format"), about, path)
    if "format" not in state:
        raise DamagedCheckpoint(f"the checkpoint {path} is none: it says no format")
    return state


def _require_format(version: object, about: State, path: Path) -> None:
    if isinstance(version, int) and version != FORMAT:
        remedy = "upgrade ganzoo-toolkit" if version > FORMAT else "use the version that wrote it"
        raise RequestError(
            f"the checkpoint {path} was written by ganzoo {about.get('ganzoo', '?')} in format "
            f"{version}, and ganzoo {ganzoo.__version__} reads format {FORMAT}: {remedy}"
        )


_UNREADABLE = (
    *(RuntimeError, ValueError, LookupError, TypeError, EOFError, pickle.UnpicklingError),
    *(struct.error, AttributeError, AssertionError, ArithmeticError),
)
"""What torch raises for a file that was broken and then described anew, or made to do harm."""


def _deserialize(data: bytes, path: Path) -> State:
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        return dict(state)
    except _UNREADABLE as bad:
        reason = str(bad).splitlines()[0] if str(bad) else type(bad).__name__
        raise DamagedCheckpoint(f"the checkpoint {path} cannot be read: {reason}") from bad


def _read_description(path: Path) -> dict[str, Any]:
    """What the file beside a checkpoint says of it; nothing if there is none that can be read."""
    return _read_json(path.with_suffix(".json"))


def _read_json(file: Path) -> dict[str, Any]:
    """What a file of JSON tells; nothing if there is none that can be read."""
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def _for_good(path: Path) -> bool:
    """Whether it is kept for good, or may be: that cannot be told of a damaged description."""
    return _read_description(path).get("for_good") is not False


def _remove(path: Path) -> None:
    with suppress(OSError):  # one that stays costs room, and nothing else
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)


def _set_aside(path: Path) -> str:
    """Give a damaged checkpoint another name, under which nobody looks for one; that name."""
    for file in (path, path.with_suffix(".json")):
        if file.exists():
            file.replace(file.with_name(f"{file.name}.corrupt"))
    return f"{path.name}.corrupt"


class _HashingFile(io.BufferedWriter):
    """A new file that knows the SHA-256 of all that was written to it."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path, "wb"))
        self.sha256 = hashlib.sha256()
        self.error: OSError | None = None
        """Why it could not be written, which torch tells as a RuntimeError of its own."""

    def write(self, piece: Any, /) -> int:
        self.sha256.update(piece)
        try:
            return super().write(piece)
        except OSError as error:
            self.error = error
            raise


def _write(state: State, file: _HashingFile) -> None:
    try:
        torch.save(state, file)
    except RuntimeError:
        if file.error:
            raise file.error from None
        raise


def _require_disk_space(folder: Path, state: State) -> None:
    """Raise OSError where a disk would be filled to its last byte, at others' cost."""
    needed = int(_size(state) * _MARGIN)
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}, {needed / 1e6:.2g} MB needed")


def _size(value: Any) -> int:
    """Bytes of all tensors in a state."""
    if isinstance(value, Tensor):
        return value.nbytes
    inside = value.values() if isinstance(value, dict) else value
    return sum(map(_size, inside)) if isinstance(value, dict | list | tuple) else 0
