"""What has become of each address, kept in the folder that the images go to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import BinaryIO, Self, get_args

from filelock import FileLock, Timeout

from ganzoo.errors import RequestError
from ganzoo.fetching.failure import Failed, Passes

FILE = "fetched.jsonl"
_IMAGE = re.compile(r"[0-9a-f]{64}\.[a-z]{3,4}")


@dataclass(frozen=True)
class Outcome:
    """What came of an address: a file in the folder, or a reason why there is none."""

    address: str
    file: str = ""
    reason: str = ""
    detail: str = ""
    passes: Passes = "never"

    @classmethod
    def failed(cls, address: str, why: Failed) -> Self:
        """No image came."""
        return cls(address, "", why.reason, why.detail, why.passes)


class FetchLog:
    """The outcomes of a folder, one line each in a file that is only appended to."""

    def __init__(self, folder: Path, file: BinaryIO) -> None:
        self.folder = folder
        self._file = file
        self._outcomes: dict[str, Outcome] = {}
        self._read()

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> Iterator[Self]:
        """The ledger of a folder, which is made if need be, for this process alone.

        What a killed process left half done is cleared away.

        Raises RequestError if another process has it, or the folder is one of other things, or
        cannot be written.
        """
        with ExitStack() as stack:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                if not (folder / FILE).exists() and any(folder.glob("[!.]*")):
                    raise RequestError(
                        f"{folder} holds other things, and no {FILE}: name a new folder with --out"
                    )
                stack.enter_context(FileLock(folder / ".lock", blocking=False))
                file = stack.enter_context((folder / FILE).open("a+b"))
                for left in folder.glob(".*.part"):
                    left.unlink()
            except Timeout:
                raise RequestError(
                    f"another process is fetching into {folder}: wait for it, or name another "
                    "folder with --out"
                ) from None
            except OSError as error:
                raise RequestError(f"cannot write in {folder}: {error.strerror}") from error
            yield cls(folder, file)

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome; it holds until there is another of the same address."""
        self._file.write(json.dumps(asdict(outcome)).encode() + b"\n")
        self._file.flush()
        self._outcomes[outcome.address] = outcome

    def outcome(self, address: str) -> Outcome | None:
        """What came of an address, if that is known; a file that is gone never came."""
        found = self._outcomes.get(address)
        gone = found and found.file and not (self.folder / found.file).is_file()
        return None if gone else found

    def _read(self) -> None:
        whole = 0
        self._file.seek(0)
        for line in self._file:
            if line.endswith(b"\n"):
                whole += len(line)
                with suppress(ValueError, TypeError, RecursionError):  # a crash has damaged it
                    outcome = _parsed(line)
                    self._outcomes[outcome.address] = outcome
        self._file.truncate(whole)  # the last line may be torn


def _parsed(line: bytes) -> Outcome:
    """Raises ValueError, TypeError or RecursionError for a line that ``add`` never wrote."""
    outcome = Outcome(**json.loads(line))
    "".join(astuple(outcome)).encode()  # which only texts can be
    if outcome.file and not _IMAGE.fullmatch(outcome.file):
        raise ValueError(outcome.file)
    if outcome.passes not in get_args(Passes):
        raise ValueError(outcome.passes)
    return outcome
