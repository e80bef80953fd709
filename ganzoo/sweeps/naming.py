"""Names of runs and sweeps, from the settings that differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ganzoo.settings import MAIN_KINDS

if TYPE_CHECKING:
    from ganzoo.run import Run


def title(runs: Sequence[Run]) -> str:
    """The names of the runs' components, such as ``blossoms-dcgan+mlp-hinge``."""
    kinds = [[getattr(run, kind).entry.component.name for run in runs] for kind in MAIN_KINDS]
    return "-".join("+".join(dict.fromkeys(names)) for names in kinds)


def short_keys(keys: Iterable[str]) -> list[str]:
    """The shortest unique end of each dotted key: ``lr``, or ``generator.lr``."""
    suffixes = {key: [key.split(".", n)[-1] for n in range(key.count("."), -1, -1)] for key in keys}
    counts = Counter(end for some in suffixes.values() for end in some)
    return [next((end for end in some if counts[end] == 1), key) for key, some in suffixes.items()]


def describe(differs: Mapping[str, str]) -> str:
    """The settings in which a run differs, as text: ``batch_size=64 head=dense``."""
    return " ".join(_assignments(differs))


def trial_name(number: int, digits: int, differs: Mapping[str, str]) -> str:
    """The name of a run folder: ``03-loss=hinge-seed=0``."""
    return safe_name(f"{number:0{digits}}", *_assignments(differs))


def safe_name(*parts: str) -> str:
    """The parts as one file name that every file system and shell accepts."""
    plain = (re.sub(r"[^\w.,=+-]+", "_", part, flags=re.ASCII) for part in parts)
    return "-".join(part.replace("=_", "=").strip("_") for part in plain)[:100].rstrip("._-=")


def _assignments(differs: Mapping[str, str]) -> list[str]:
    return [
        f"{key}={text}" for key, text in zip(short_keys(differs), differs.values(), strict=True)
    ]
