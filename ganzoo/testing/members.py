"""Methods that are looked for by their name, and so are missed silently where it is misspelled."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from torch import nn

from ganzoo.testing.findings import Findings


def check_members(built: object, optional: Iterable[str], found: Findings) -> None:
    """No method is called nearly, but not quite, as one that the core would call."""
    missing = [name for name in optional if not hasattr(built, name)]
    for name in dir(built):
        if name.startswith("_") or hasattr(nn.Module, name):
            continue
        close = difflib.get_close_matches(name, missing, n=1, cutoff=0.85)
        if close and callable(getattr(built, name, None)):
            found.add(f"nobody calls its method {name}(); did you mean {close[0]}?")


def check_adaptive(built: object, found: Findings) -> None:
    """A state can be both kept and loaded, or there is none."""
    names = ("state_dict", "load_state_dict")
    have = [name for name in names if callable(getattr(built, name, None))]
    if len(have) == 1:
        (lacks,) = set(names) - set(have)
        found.add(f"it has {have[0]}() and no {lacks}(), so its state is in no checkpoint")
