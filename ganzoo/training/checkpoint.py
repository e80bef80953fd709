"""Checkpoints: whole or not there at all, verified when they are read."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ganzoo.errors import RequestError
from ganzoo.folders import write_atomically

FORMAT = 1
_NAME = re.compile(r"step-(\d+)\.pt")

State = dict[str, Any]
"""Plain tensors and plain Python values, nested in dicts and lists."""


class Checkpoints:
    """The checkpoints of one run, in one folder.

    ``step-0001000.pt`` is what ``torch.load(..., weights_only=True)`` reads; ``step-0001000.json``
    beside it says what it is and holds its size and SHA-256, without which it does not count.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder
        self.keep = keep

    def save(self, state: State) -> Path:
        """Write a checkpoint that a crash at any moment cannot leave half, then drop old ones."""
        path = self.folder / f"step-{state['step']:07}.pt"
        buffer = io.BytesIO()
        torch.save({"format": FORMAT, **state}, buffer)
        data = buffer.getvalue()
        about = {
            "format": FORMAT,
            "step": state["step"],
            "images_seen": state["images_seen"],
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        try:
            # A description without its checkpoint is passed over in silence, so it comes first.
            write_atomically(path.with_suffix(".json"), json.dumps(about, indent=2) + "\n")
            write_atomically(path, data)
        except OSError as error:
            raise OSError(
                f"cannot write the checkpoint {path}: {error.strerror or error}; make room, "
                f"then go on with `ganzoo resume {self.folder.parent}`"
            ) from error
        _sync_folder(self.folder)
        # Newer ones can only be damaged: they were passed over when the run was resumed.
        paths = self.paths()
        for old in paths[paths.index(path) :][self.keep :]:
            old.unlink(missing_ok=True)
            old.with_suffix(".json").unlink(missing_ok=True)
        return path

    def paths(self) -> list[Path]:
        """The checkpoint files, newest first."""
        numbered = [
            (int(match[1]), path)
            for path in self.folder.glob("step-*.pt")
            if (match := _NAME.fullmatch(path.name))
        ]
        return [path for _, path in sorted(numbered, reverse=True)]

    def load(self, warn: Callable[[str], None] = lambda message: None) -> State:
        """The newest checkpoint that is whole; a damaged one is passed over and told to ``warn``.

        Raises RequestError if there is none.
        """
        tried = []
        for path in self.paths():
            try:
                return read(path)
            except RequestError as error:
                tried.append(str(error))
                warn(f"{error}; going on with the one before")
        if tried:
            raise RequestError(f"no checkpoint can be used: {'; '.join(tried)}")
        raise RequestError(f"{self.folder.parent} has no checkpoint yet: nothing was trained")


def read(path: Path) -> State:
    """The state in a checkpoint file, its tensors on the CPU.

    Raises RequestError if the file is not the one that was written, or is of a newer format.
    """
    about_path = path.with_suffix(".json")
    try:
        about = json.loads(about_path.read_text(encoding="utf-8"))
        expected = (about["format"], about["size"], about["sha256"])
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise RequestError(f"there is no checkpoint file {error.filename}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RequestError(
            f"the checkpoint {path} is damaged: {about_path.name}: {error}"
        ) from error
    version, size, sha256 = expected
    if version > FORMAT:
        raise RequestError(f"the checkpoint {path} was written by a newer ganzoo: upgrade this one")
    if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
        raise RequestError(
            f"the checkpoint {path} is damaged: it is not what was written ({len(data)} of {size} "
            "bytes, or its SHA-256 differs)"
        )
    try:
        state: State = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        reason = str(error).splitlines()[0]
        raise RequestError(f"the checkpoint {path} cannot be read: {reason}") from error
    return state


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # drives over a network
            raise
    finally:
        os.close(descriptor)
