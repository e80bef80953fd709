"""Checks of the names of optional methods: the core does not call a misspelled one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from torch import nn

from ganzoo.testing.problems import Problems


def check_method_names(built: object, optional: Iterable[str], problems: Problems) -> None:
    """No public method is called almost like an optional method that is missing."""
    missing = [name for name in optional if not hasattr(built, name)]
    for name in dir(built):
        if name.startswith("_") or hasattr(nn.Module, name):
            continue
        close = difflib.get_close_matches(name, missing, n=1, cutoff=0.85)
        if close and callable(getattr(built, name, None)):
            problems.add(f"its method {name}() is never called; did you mean {close[0]}?")


def check_state_methods(built: object, problems: Problems) -> None:
    """It has both methods of a state, or neither."""
    names = ("state_dict", "load_state_dict")
    present = [name for name in names if callable(getattr(built, name, None))]
    if len(present) == 1:
        (missing,) = set(names) - set(present)
        problems.add(
            f"it has {present[0]}() and no {missing}(), so checkpoints do not store its state"
        )
