"""Which steps of a run were logged, stored in the run folder."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from ganzoo import write_atomically


class Logged:
    """The identity of a run of a tracker, and the last step of each kind that was logged to it."""

    def __init__(self, path: Path, resumed: bool) -> None:
        self._path = path
        self.id = secrets.token_hex(4)
        self.steps: dict[str, int] = {}
        if resumed and path.exists():
            stored = json.loads(path.read_text("utf-8"))
            self.id, self.steps = str(stored["id"]), dict(stored["steps"])
        self._write()

    def add(self, kind: str, step: int) -> None:
        """Store that this kind was logged up to this step."""
        self.steps[kind] = step
        self._write()

    def _write(self) -> None:
        write_atomically(self._path, json.dumps({"id": self.id, "steps": self.steps}))
