"""Where and how a process is made to fail while it writes."""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import re
import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Self

import torch
from tensorboard.summary.writer.record_writer import RecordWriter

from ganzoo import imaging
from ganzoo.observers.files import Journal

MANY = 15
"""About as often a run does what it does for each checkpoint."""
LASTING = 1000
"""More often than anything is done."""
_ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)


@dataclass(frozen=True)
class Point:
    """One thing that a run does to one kind of file."""

    name: str
    owner: Any
    attribute: str
    """The function of the owner that does it."""
    pattern: str = ""
    """Of the file's name; without one every call is meant."""
    often: int = MANY
    """About as many calls there are in a run."""
    size: int = 0
    """About as many bytes are written, so that it can fail in their middle."""
    before: Callable[[Any], int] = lambda first: 0
    """Bytes in the file before, by the first argument."""
    costs: tuple[str, ...] = ()
    """The results that an OSError there may cost."""

    def concerns(self, arguments: tuple[Any, ...]) -> bool:
        """Whether a call of the function does this."""
        if not self.pattern:
            return True
        if self.attribute == "open" and arguments[1:2] not in (("xb",), ("a",)):
            return False
        path = _path(arguments[0])
        missing = self.attribute == "unlink" and not path.exists()
        return not missing and bool(re.match(self.pattern, path.name))


def _path(file: Path | int) -> Path:
    """The path of a file that is given by its path or descriptor."""
    return Path(f"/proc/self/fd/{file}").readlink() if isinstance(file, int) else file


def _saved(file: str, pattern: str, often: int, costs: tuple[str, ...] = ()) -> list[Point]:
    """What is done to save a file, but for writing it."""
    acts = {"create": (Path, "open"), "flush": (os, "fsync"), "replace": (Path, "replace")}
    return [
        Point(f"{act} {file}", *function, pattern, often, costs=costs)
        for act, function in acts.items()
    ]


def _small(file: str, pattern: str, often: int, costs: tuple[str, ...] = ()) -> list[Point]:
    """What is done to save a small file."""
    written = Point(f"write {file}", Path, "write_bytes", pattern, often, 200, costs=costs)
    return [*_saved(file, pattern, often, costs), written]


_LANDMARK = ("rollback_step",)
"""Where a run would go back to, had that checkpoint been written."""

SAVING = [
    *_small("owner.json", r"\.?owner\.json", 1),
    Point("lock run's folder", fcntl, "flock", r"\.lock", 1),
    *_saved("checkpoint", r"\.?step-\d+\.pt", MANY, _LANDMARK),
    Point("write checkpoint", torch, "save", size=20_000, costs=_LANDMARK),
    *_small("description", r"\.?step-\d+\.json", MANY, _LANDMARK),
    Point("flush checkpoints' folder", os, "fsync", "checkpoints$", 2 * MANY, costs=_LANDMARK),
    Point("remove checkpoint", Path, "unlink", r"step-\d+\.pt"),
    Point("remove description", Path, "unlink", r"step-\d+\.json"),
    Point(
        *("append to metrics.jsonl", Journal, "on_report"),
        size=300,
        before=lambda journal: _size(journal._path),
    ),
    # Bytes that TensorBoard writes at the same moment find no room, either.
    Point("draw samples", imaging, "save", size=300, costs=("samples", "TensorBoard")),
    Point(
        *("tell TensorBoard", RecordWriter, "flush"),
        often=10 * MANY,
        size=60,
        before=lambda writer: _size(Path(os.fsdecode(writer._writer.name))),
        costs=("TensorBoard",),
    ),
    *_small("metrics.jsonl", r"\.?metrics\.jsonl", 6),
    Point("remove owner.json", Path, "unlink", r"owner\.json", 1),
]
"""The points at which a run keeps what it has come to, and whose it is.

In an order in which a run that dies at the first call of each comes by them all.
"""

POINTS = [
    *SAVING,
    *_small("run.toml", r"\.?run\.toml", 1),
    *_small("environment.json", r"\.?environment\.json", 1),
    Point("flush run's folder", os, "fsync", "run$", 4),
]
"""All points at which anything is written."""


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


@dataclass(frozen=True)
class Fault:
    """A failure at a point."""

    point: Point
    call: int = 0
    """Which of the calls fails first."""
    times: int = 1
    """How many calls fail, one after another."""
    error: int | None = None
    """The number of the OSError that is raised; without one the process dies there."""
    room: int = 0
    """Bytes that are still written, where it fails in writing; then the error is always EFBIG."""

    @classmethod
    def drawn(cls, random: Random, errors: Sequence[Point] = POINTS) -> Self:
        """Any failure; those that raise only at some points."""
        error = random.choice([None, None, None, *_ERRORS])
        point = random.choice(POINTS if error is None else errors)
        return cls(
            point,
            random.choice([0, random.randrange(point.often)]),
            1 if error is None else random.choice([1, 3, LASTING]),
            error,
            random.randrange(point.size) if point.size else 0,
        )

    def __str__(self) -> str:
        times = {1: "", LASTING: " and ever after"}.get(self.times, f" and {self.times} times")
        error = errno.errorcode[self.error] if self.error else "death"
        return f"{error} at call {self.call}{times}: {self.point.name}"

    def inject(self) -> None:
        """Make this process fail so; it is not to be made well again."""
        if self.error is None:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # which Python ignores
        original = getattr(self.point.owner, self.point.attribute)
        calls = itertools.count()

        def failing(*arguments: Any, **more: Any) -> Any:
            if not self.point.concerns(arguments):
                return original(*arguments, **more)
            if not self.call <= next(calls) < self.call + self.times:
                return original(*arguments, **more)
            print(f"now: {self}", flush=True)
            if not self.point.size:
                self._fail(_path(arguments[0]))
            with _room(self.point.before(arguments[0]) + self.room):
                return original(*arguments, **more)

        setattr(self.point.owner, self.point.attribute, failing)

    def _fail(self, path: Path) -> None:
        if self.error is None:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            raise OSError(self.error, os.strerror(self.error), str(path))


@contextmanager
def _room(size: int) -> Iterator[None]:
    """Inside, files reach this size and no more: the system writes half of what is written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
