"""Faults that are injected into a process while it writes."""

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
from ganzoo.json_lines import JsonLinesFile

MANY = 15
"""About the number of checkpoints in a run."""
LASTING = 1000
"""More calls than there are in a run."""
_ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)


@dataclass(frozen=True)
class Point:
    """One operation of a run on one kind of file."""

    name: str
    owner: Any
    attribute: str
    """The name of the function of the owner that does it."""
    pattern: str = ""
    """A pattern of the file's name; an empty one matches all calls."""
    calls_per_run: int = MANY
    """About the number of calls in a run."""
    size: int = 0
    """About the number of bytes that are written, so that it can fail in the middle."""
    before: Callable[[Any], int] = lambda first: 0
    """The size of the file before the call, from the first argument, in bytes."""
    affects: tuple[str, ...] = ()
    """The results that may be missing after an OSError."""

    def matches(self, arguments: tuple[Any, ...]) -> bool:
        """Whether a call of the function is this operation."""
        if not self.pattern:
            return True
        if self.attribute == "open" and arguments[1:2] not in (("xb",), ("a",)):
            return False
        path = _path(arguments[0])
        missing = self.attribute == "unlink" and not path.exists()
        return not missing and bool(re.match(self.pattern, path.name))


def _path(file: Path | int) -> Path:
    """The path of a file from its path or descriptor."""
    return Path(f"/proc/self/fd/{file}").readlink() if isinstance(file, int) else file


def _saved(
    file: str, pattern: str, calls_per_run: int, affects: tuple[str, ...] = ()
) -> list[Point]:
    """The operations of saving a file, except writing its content."""
    acts = {"create": (Path, "open"), "flush": (os, "fsync"), "replace": (Path, "replace")}
    return [
        Point(f"{act} {file}", *function, pattern, calls_per_run, affects=affects)
        for act, function in acts.items()
    ]


def _small(
    file: str, pattern: str, calls_per_run: int, affects: tuple[str, ...] = ()
) -> list[Point]:
    """The operations of saving a small file."""
    write = Point(
        f"write {file}", Path, "write_bytes", pattern, calls_per_run, 200, affects=affects
    )
    return [*_saved(file, pattern, calls_per_run, affects), write]


_ROLLBACK_STEP = ("rollback_step",)
"""The results that change if a checkpoint is not written."""

SAVING = [
    *_small("owner.json", r"\.?owner\.json", 1),
    Point("lock run's folder", fcntl, "flock", r"\.lock", 1),
    *_saved("checkpoint", r"\.?step-\d+\.pt", MANY, _ROLLBACK_STEP),
    Point("write checkpoint", torch, "save", size=20_000, affects=_ROLLBACK_STEP),
    *_small("description", r"\.?step-\d+\.json", MANY, _ROLLBACK_STEP),
    Point(
        "flush checkpoints' folder", os, "fsync", "checkpoints$", 2 * MANY, affects=_ROLLBACK_STEP
    ),
    Point("remove checkpoint", Path, "unlink", r"step-\d+\.pt"),
    Point("remove description", Path, "unlink", r"step-\d+\.json"),
    Point(
        *("append to metrics.jsonl", JsonLinesFile, "write"),
        size=300,
        before=lambda file: _size(file.path),
    ),
    # TensorBoard, which writes at the same time, fails, too.
    Point("draw samples", imaging, "save_image", size=300, affects=("samples", "TensorBoard")),
    Point(
        *("append to TensorBoard", RecordWriter, "flush"),
        calls_per_run=10 * MANY,
        size=60,
        before=lambda writer: _size(Path(os.fsdecode(writer._writer.name))),
        affects=("TensorBoard",),
    ),
    *_small("metrics.jsonl", r"\.?metrics\.jsonl", 6),
    Point("remove owner.json", Path, "unlink", r"owner\.json", 1),
]
"""The operations of saving a run's state and its owner.

In an order in which a run that dies at the first call of one still reaches the next one.
"""

POINTS = [
    *SAVING,
    *_small("run.toml", r"\.?run\.toml", 1),
    *_small("environment.json", r"\.?environment\.json", 1),
    Point("flush run's folder", os, "fsync", "run$", 4),
]
"""All operations that write files."""


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


@dataclass(frozen=True)
class Fault:
    """A failure of an operation."""

    point: Point
    call: int = 0
    """The index of the first call that fails."""
    times: int = 1
    """The number of consecutive calls that fail."""
    error: int | None = None
    """The number of the OSError that is raised; ``None`` kills the process."""
    bytes_written: int = 0
    """Bytes that are written before the failure; an error in writing is always EFBIG."""

    @classmethod
    def random(cls, random: Random, errors: Sequence[Point] = POINTS) -> Self:
        """A random fault; OSErrors are raised in the operations ``errors`` only."""
        error = random.choice([None, None, None, *_ERRORS])
        point = random.choice(POINTS if error is None else errors)
        return cls(
            point,
            random.choice([0, random.randrange(point.calls_per_run)]),
            1 if error is None else random.choice([1, 3, LASTING]),
            error,
            random.randrange(point.size) if point.size else 0,
        )

    def __str__(self) -> str:
        times = {1: "", LASTING: " and all later ones"}.get(self.times, f" and {self.times} times")
        error = errno.errorcode[self.error] if self.error else "death"
        return f"{error} at call {self.call}{times}: {self.point.name}"

    def inject(self) -> None:
        """Inject this fault into this process, permanently."""
        if self.error is None:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it by default
        original = getattr(self.point.owner, self.point.attribute)
        calls = itertools.count()

        def failing(*arguments: Any, **more: Any) -> Any:
            if not self.point.matches(arguments):
                return original(*arguments, **more)
            if not self.call <= next(calls) < self.call + self.times:
                return original(*arguments, **more)
            print(f"now: {self}", flush=True)
            if not self.point.size:
                self._fail(_path(arguments[0]))
            with _file_size_limit(self.point.before(arguments[0]) + self.bytes_written):
                return original(*arguments, **more)

        setattr(self.point.owner, self.point.attribute, failing)

    def _fail(self, path: Path) -> None:
        if self.error is None:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            raise OSError(self.error, os.strerror(self.error), str(path))


@contextmanager
def _file_size_limit(size: int) -> Iterator[None]:
    """Limit the size of files inside the ``with`` block, so that writes are incomplete."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
