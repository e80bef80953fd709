"""Checkpoint files, written atomically and verified by SHA-256 when they are read."""

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
"""The version of the checkpoint format that is written and read."""
_NAME = re.compile(r"step-(\d+)\.pt")
_MARGIN = 1.1
"""The disk space that is required for a file, relative to the size of its tensors."""

State = dict[str, Any]
"""Plain tensors and plain Python values, nested in dicts and lists."""


class DamagedCheckpoint(RequestError):
    """The checkpoint file differs from the one that was written."""


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
            _require_disk_space(self.folder, state)
            with replacing(path) as part:
                with _HashingFile(part) as file:
                    _write({"format": FORMAT, **state}, file)
                # Until the new file replaces an old one, the old one is valid, too.
                replaced = _read_description(path).get("sha256") if path.exists() else None
                description = {
                    "format": FORMAT,
                    "ganzoo": ganzoo.__version__,
                    "step": state["step"],
                    "images_seen": state["images_seen"],
                    "size": part.stat().st_size,
                    "sha256": file.sha256.hexdigest(),
                    "replaces": replaced,
                    "for_good": permanent,
                }
                # The description is written first, because one without a checkpoint is ignored.
                text = json.dumps(description, indent=2) + "\n"
                write_atomically(path.with_suffix(".json"), text)
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
        except ValueError:  # the best checkpoint is unknown: keep all
            return
        for old in paths[paths.index(newest) :][self.keep :]:
            if old.name not in kept and not _is_permanent(old):
                _remove(old)

    def remove_after(self, step: int) -> None:
        """Remove the checkpoints of later steps, after a rollback to this step."""
        for path in set(self.paths()) - set(self.paths(step)):
            _remove(path)

    def mark_best(self, step: int, number: str, value: float, basis: Sequence[object] = ()) -> None:
        """Record this step's checkpoint as the best one by this number.

        Only numbers with the same ``basis``, which is plain values, can be compared.
        """
        best = {"checkpoint": self.path(step).name, "number": number, "value": value}
        best["basis"] = list(basis)
        write_atomically(self._best_file, json.dumps(best, indent=2) + "\n")

    def best_value(self, number: str, basis: Sequence[object] = ()) -> float | None:
        """The value of the best checkpoint by this number and basis, if there is one."""
        best = _read_json(self._best_file)
        same = (best.get("number"), best.get("basis")) == (number, list(basis))
        exists = same and (self.folder / str(best.get("checkpoint"))).is_file()
        return float(best["value"]) if exists and is_number(best.get("value")) else None

    def find(self, which: str) -> Path:
        """The file of the checkpoint ``best``, ``last``, or of a step, given as digits.

        Raises RequestError if it does not exist.
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
        """The file name of the best checkpoint; raises ValueError if best.json is damaged."""
        if not self._best_file.exists():
            return None
        if "checkpoint" not in (best := _read_json(self._best_file)):
            raise ValueError(f"{self._best_file} cannot be read")
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
        seen = _read_description(newest).get("images_seen") if newest else None
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
                renamed = f"; renamed to {_set_aside(other)}" if set_aside else ""
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


def read(path: Path) -> State:
    """The state in a checkpoint file, with tensors on the CPU.

    Raises DamagedCheckpoint if the file differs from the one that was written, and RequestError if
    it has another format or reading it is not permitted.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DamagedCheckpoint(f"there is no checkpoint file {path}") from error
    except PermissionError as error:
        raise RequestError(f"cannot read the checkpoint {path}: {error.strerror}") from error
    except OSError as error:
        raise DamagedCheckpoint(f"the checkpoint {path} is damaged: {error.strerror}") from error
    description = _read_description(path)
    if not description:
        raise DamagedCheckpoint(
            f"the checkpoint {path} is damaged: its description "
            f"{path.with_suffix('.json').name} cannot be read; a copy needs both files"
        )
    if hashlib.sha256(data).hexdigest() not in (
        description.get("sha256"),
        description.get("replaces"),
    ):
        _require_format(description.get("format"), description, path)
        raise DamagedCheckpoint(
            f"the checkpoint {path} is damaged: it differs from what was written "
            f"({len(data)} of {description.get('size')} bytes, or another SHA-256)"
        )
    state = _deserialize(data, path)
    _require_format(state.get("format"), description, path)
    if "format" not in state:
        raise DamagedCheckpoint(f"the checkpoint {path} is not one: it has no format")
    return state


def _require_format(version: object, description: State, path: Path) -> None:
    if isinstance(version, int) and version != FORMAT:
        remedy = "upgrade ganzoo-toolkit" if version > FORMAT else "use the version that wrote it"
        raise RequestError(
            f"the checkpoint {path} was written by ganzoo {description.get('ganzoo', '?')} in "
            f"format {version}, and ganzoo {ganzoo.__version__} reads format {FORMAT}: {remedy}"
        )


_UNREADABLE = (
    *(RuntimeError, ValueError, LookupError, TypeError, EOFError, pickle.UnpicklingError),
    *(struct.error, AttributeError, AssertionError, ArithmeticError),
)
"""What torch raises for a broken or malicious file whose description fits."""


def _deserialize(data: bytes, path: Path) -> State:
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        return dict(state)
    except _UNREADABLE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DamagedCheckpoint(f"the checkpoint {path} cannot be read: {reason}") from error


def _read_description(path: Path) -> dict[str, Any]:
    """The description of a checkpoint; empty if it is missing or unreadable."""
    return _read_json(path.with_suffix(".json"))


def _read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if it is missing or unreadable."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_permanent(path: Path) -> bool:
    """Whether a checkpoint is permanent, or may be because its description is damaged."""
    return _read_description(path).get("for_good") is not False


def _remove(path: Path) -> None:
    with suppress(OSError):  # a file that is not removed only uses disk space
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)


def _set_aside(path: Path) -> str:
    """Rename a damaged checkpoint, so that it is no longer used; return its new name."""
    for file in (path, path.with_suffix(".json")):
        if file.exists():
            file.replace(file.with_name(f"{file.name}.corrupt"))
    return f"{path.name}.corrupt"


class _HashingFile(io.BufferedWriter):
    """A new file that computes the SHA-256 of what is written to it."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path, "wb"))
        self.sha256 = hashlib.sha256()
        self.error: OSError | None = None
        """The error of a failed write, which torch replaces by a RuntimeError."""

    def write(self, data: Any, /) -> int:
        self.sha256.update(data)
        try:
            return super().write(data)
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
    """Raise OSError if the free disk space is less than the checkpoint needs."""
    needed = int(_tensor_bytes(state) * _MARGIN)
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}, {needed / 1e6:.2g} MB needed")


def _tensor_bytes(value: Any) -> int:
    """The total size of the tensors in a state, in bytes."""
    if isinstance(value, Tensor):
        return value.nbytes
    items = value.values() if isinstance(value, dict) else value
    return sum(map(_tensor_bytes, items)) if isinstance(value, dict | list | tuple) else 0
