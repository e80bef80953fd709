"""Progress in a notebook: one line below the cell, updated in place."""

from __future__ import annotations

import importlib
import io
import math
import sys
import time
from typing import Any

from rich.console import Console
from rich.progress import Progress, ProgressColumn, TaskID

_WIDTH = 110
"""The width of the line in characters."""
_UPDATE_INTERVAL = 0.25
"""Seconds between two updates."""


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel")


class NotebookLine:
    """Text below a cell: the first call displays it, later calls replace it."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, text: str) -> None:
        """Display this text instead of the previous one."""
        bundle = {"text/plain": text}
        if self._handle:
            self._handle.update(bundle, raw=True)
        else:
            display = importlib.import_module("IPython.display").display
            self._handle = display(bundle, raw=True, display_id=True)


class NotebookProgress(Progress):
    """A progress bar as text in a notebook; needs no widgets."""

    def __init__(self, line: NotebookLine, *columns: str | ProgressColumn) -> None:
        plain = Console(file=io.StringIO(), width=_WIDTH, color_system=None, force_jupyter=False)
        super().__init__(*columns, console=plain, auto_refresh=False)
        self._line = line
        self._last_update = -math.inf

    def start(self) -> None:
        """Display the bar."""
        self._display()

    def update(self, task_id: TaskID, **fields: Any) -> None:
        """Update the bar, at most a few times a second."""
        super().update(task_id, **fields)
        if time.monotonic() - self._last_update >= _UPDATE_INTERVAL:
            self._display()

    def stop(self) -> None:
        """Display the bar a last time."""
        self._display()

    def _display(self) -> None:
        self._last_update = time.monotonic()
        with self.console.capture() as text:
            self.console.print(self.get_renderable())
        self._line.show(text.get().rstrip())
