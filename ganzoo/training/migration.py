"""What older checkpoints held, told as today's ganzoo tells it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FORMAT = 2
"""Of the checkpoints that are written now."""


def migrated(state: dict[str, Any]) -> dict[str, Any]:
    """A state of any format so far, in the present one.

    Raises KeyError or TypeError if it is none of those.
    """
    for older in range(state["format"], FORMAT):
        state = {**_NEXT[older](state), "format": older + 1}
    return state


def _second(state: dict[str, Any]) -> dict[str, Any]:
    """Format 2 can go back to a checkpoint with other randomness, leave updates out and adapt."""
    news = {"stream": 0, "landmark": state["step"], "rollbacks": 0, "skipped": 0, "adaptive": {}}
    return {**state, **news}


_NEXT: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _second}
