"""A checkpoint's file, written atomically and verified by SHA-256 when it is read."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import pickle
import shutil
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import ganzoo
from ganzoo.errors import RequestError
from ganzoo.folders import replacing, write_atomically

FORMAT = 3
"""The version of the checkpoint format that is written and read."""
_MARGIN = 1.1
"""The disk space that is required for a file, relative to the size of its tensors."""

State = dict[str, Any]
"""Plain tensors and plain Python values, nested in dicts and lists."""


class DamagedCheckpoint(RequestError):
    """The checkpoint file differs from the one that was written."""


def write(path: Path, state: State, *, permanent: bool) -> None:
    """Write a checkpoint file and its description, ``step-0001000.json``, atomically.

    Raises OSError if it cannot be written; a file of the same name is unchanged then.
    """
    _require_disk_space(path.parent, state)
    with replacing(path) as part:
        with _HashingFile(part) as file:
            _save({"format": FORMAT, **state}, file)
        # Until the new file replaces an old one, the old one is valid, too.
        replaced = read_description(path).get("sha256") if path.exists() else None
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
        write_atomically(path.with_suffix(".json"), json.dumps(description, indent=2) + "\n")


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
    description = read_description(path)
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


def read_description(path: Path) -> dict[str, Any]:
    """The description of a checkpoint; empty if it is missing or unreadable."""
    return read_json(path.with_suffix(".json"))


def read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if it is missing or unreadable."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def is_permanent(path: Path) -> bool:
    """Whether a checkpoint is permanent, or may be because its description is damaged."""
    return read_description(path).get("for_good") is not False


def remove(path: Path) -> None:
    """Remove a checkpoint and its description, if possible."""
    with suppress(OSError):  # a file that is not removed only uses disk space
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)


def rename_damaged(path: Path) -> str:
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


def _save(state: State, file: _HashingFile) -> None:
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
