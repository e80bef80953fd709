"""Why a process of a run ended, in a file that the process which started it reads."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

FILE = "TORCHELASTIC_ERROR_FILE"
"""The variable with the path of the file, which torch's agent sets."""


@dataclass(frozen=True)
class Failure:
    """Why a process ended before its run did."""

    message: str
    status: int = 1
    """The exit status of the command."""
    lost: bool = False
    """Whether it ended only because another one no longer took part."""
    waited: bool = False
    """Whether it waited for the other one until the timeout, and so may end further ones."""
    traceback: str = ""
    time: float = field(default_factory=time.time)

    def record(self) -> None:
        """Write it into the file of this process, if it has one and has not failed before."""
        path = Path(os.environ.get(FILE, os.devnull))
        if path.exists():
            return
        # torchrun shows this part of the file.
        known = {"message": self.message, "extraInfo": {"timestamp": str(int(self.time))}}
        path.write_text(json.dumps({"message": known, **self.to_plain()}), encoding="utf-8")

    def to_plain(self) -> dict[str, object]:
        """The failure as plain values for JSON."""
        return {"failure": asdict(self)}

    @classmethod
    def of_plain(cls, text: str | bytes) -> Self:
        """The failure that ``to_plain`` has made, from JSON."""
        return cls(**json.loads(text)["failure"])

    @classmethod
    def recorded(cls, file: Path) -> Self | None:
        """The failure in such a file; ``None`` without one."""
        try:
            return cls.of_plain(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError):
            return None

    @classmethod
    def of_exit(cls, rank: int, code: int, stderr: str) -> Self:
        """That of a process which has recorded none, from its exit code and what it printed."""
        lines = stderr.splitlines()
        if code < 0:
            reason = f"was killed by {signal.Signals(-code).name}"
        elif lines:
            reason = f"failed with {lines[-1]}"
        else:
            reason = f"ended with status {code}"
        return cls(lost_message(f"rank {rank} {reason}"), max(code, 1))


def lost_message(reason: str) -> str:
    """The error message for a lost process."""
    return (
        f"a process of this run was lost ({reason}): resume from the newest checkpoint with "
        "`ganzoo resume`"
    )
