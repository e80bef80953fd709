"""The outcome of each URL, logged in the folder of the images."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import BinaryIO, Self, get_args

from filelock import FileLock, Timeout

from ganzoo import RequestError
from ganzoo_fetch.failure import Failed, Passes

FILE = "fetched.jsonl"
_IMAGE = re.compile(r"[0-9a-f]{64}\.[a-z]{3,4}")


@dataclass(frozen=True)
class Outcome:
    """The outcome of a URL: a file in the folder, or the reason why there is none."""

    address: str
    """The URL."""
    file: str = ""
    """The name of the image; empty after a failure."""
    reason: str = ""
    detail: str = ""
    passes: Passes = "never"
    """When to try a failure again."""

    @classmethod
    def failed(cls, address: str, failure: Failed) -> Self:
        """The outcome for a failure."""
        return cls(address, "", failure.reason, failure.detail, failure.passes)


class FetchLog:
    """The outcomes in a folder: a JSON lines file to which each outcome is appended."""

    def __init__(self, folder: Path, file: BinaryIO) -> None:
        self.folder = folder
        self._file = file
        self._outcomes: dict[str, Outcome] = {}
        self._read()

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> Iterator[Self]:
        """Open the log of a folder for this process alone; the folder is created if necessary.

        Partial downloads of a killed process are deleted.

        Raises RequestError if another process has opened it, or if the folder has other content
        or is not writable.
        """
        with ExitStack() as stack:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                if not (folder / FILE).exists() and any(folder.glob("[!.]*")):
                    raise RequestError(
                        f"{folder} has files but no {FILE}: name a new or empty folder with --out"
                    )
                stack.enter_context(FileLock(folder / ".lock", blocking=False))
                file = stack.enter_context((folder / FILE).open("a+b"))
                for part in folder.glob(".*.part"):
                    part.unlink()
            except Timeout:
                raise RequestError(
                    f"another process is fetching into {folder}: wait until it ends, or "
                    "name another folder with --out"
                ) from None
            except OSError as error:
                raise RequestError(f"cannot write into {folder}: {error.strerror}") from error
            yield cls(folder, file)

    def add(self, outcome: Outcome) -> None:
        """Append an outcome, which replaces earlier ones of the same URL."""
        self._file.write(json.dumps(asdict(outcome)).encode() + b"\n")
        self._file.flush()
        self._outcomes[outcome.address] = outcome

    def outcome(self, address: str) -> Outcome | None:
        """The last outcome of a URL; ``None`` if it has none or its file was deleted."""
        outcome = self._outcomes.get(address)
        deleted = outcome and outcome.file and not (self.folder / outcome.file).is_file()
        return None if deleted else outcome

    def _read(self) -> None:
        size = 0
        self._file.seek(0)
        for line in self._file:
            if line.endswith(b"\n"):
                size += len(line)
                with suppress(ValueError, TypeError, RecursionError):  # damaged by a crash
                    outcome = _parsed(line)
                    self._outcomes[outcome.address] = outcome
        self._file.truncate(size)  # remove a last line that was not written completely


def _parsed(line: bytes) -> Outcome:
    """Parse a line; raises ValueError, TypeError or RecursionError if ``add`` did not write it."""
    outcome = Outcome(**json.loads(line))
    "".join(astuple(outcome)).encode()  # fails unless all are strings
    if outcome.file and not _IMAGE.fullmatch(outcome.file):
        raise ValueError(outcome.file)
    if outcome.passes not in get_args(Passes):
        raise ValueError(outcome.passes)
    return outcome
