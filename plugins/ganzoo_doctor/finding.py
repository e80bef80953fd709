"""What a check of a run has found."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A fault or a trend of a run, with the numbers that show it."""

    name: str
    """A few words, such as ``collapse``."""
    kind: Literal["fault", "trend"] = "fault"
    """A trend says how far the training is, and is no fault."""
    sentence: str
    """What was found, in plain words."""
    numbers: Mapping[str, float]
    """The numbers behind it, by name."""
    change: str = ""
    """The setting to try, as ``KEY=VALUE``; empty if there is none."""
    resumes: bool = False
    """Whether to resume the run with the setting, instead of training a new one."""

    def command(self, folder: Path) -> str:
        """The command that tries the setting on the run in a folder; empty without one."""
        if not self.change:
            return ""
        words = ["resume", str(folder)] if self.resumes else ["train", str(folder / "run.toml")]
        return shlex.join(["ganzoo", *words, self.change])

    def tree(self, folder: Path) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "name": self.name,
            "kind": self.kind,
            "sentence": self.sentence,
            "numbers": dict(self.numbers),
            "change": self.change,
            "command": self.command(folder),
        }
