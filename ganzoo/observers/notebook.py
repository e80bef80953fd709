"""Progress in a notebook: one line below the cell, which changes in place."""

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
_EVERY = 0.25


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel")


class NotebookLine:
    """Text below a cell, which is shown at first and changed from then on."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, text: str) -> None:
        """Show this text in the place of the one before."""
        bundle = {"text/plain": text}
        if self._handle:
            self._handle.update(bundle, raw=True)
        else:
            display = importlib.import_module("IPython.display").display
            self._handle = display(bundle, raw=True, display_id=True)


class NotebookProgress(Progress):
    """A bar that is shown by the notebook itself, which needs no widgets for it."""

    def __init__(self, line: NotebookLine, *columns: str | ProgressColumn) -> None:
        plain = Console(file=io.StringIO(), width=_WIDTH, color_system=None, force_jupyter=False)
        super().__init__(*columns, console=plain, auto_refresh=False)
        self._line = line
        self._shown = -math.inf

    def start(self) -> None:
        """Show the bar."""
        self._show()

    def update(self, task_id: TaskID, **fields: Any) -> None:
        """Change the bar, a few times a second."""
        super().update(task_id, **fields)
        if time.monotonic() - self._shown >= _EVERY:
            self._show()

    def stop(self) -> None:
        """Leave the bar as it is now."""
        self._show()

    def _show(self) -> None:
        self._shown = time.monotonic()
        with self.console.capture() as text:
            self.console.print(self.get_renderable())
        self._line.show(text.get().rstrip())
