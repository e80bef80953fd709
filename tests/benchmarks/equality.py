"""Print how much one process, several processes, and pieces of a batch differ, in float64.

    python -m tests.benchmarks.equality [KIND/NAME ...]

Each installed loss, regularizer, augmentation and architecture trains a small run for three steps
with the same batches of 12 images, split as PROCESSES x PIECES. Shown is the largest difference of
everything stateful from one process without pieces, relative to the largest value above 1. A dash
is a split that the run refuses, because a layer mixes the images of a batch.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.equality.cases import cases
from tests.equality.processes import SPLITS, State, difference, load, run_in_processes, train_cases


def table(names: list[str], found: State) -> list[str]:
    """One line for each case."""
    width = max(map(len, names))
    lines = [" ".join(["".ljust(width), *(f"{split!s:>8}" for split in SPLITS[1:])])]
    for name in names:
        whole = found[f"{name} 1x1"]
        parts = [found[f"{name} {split}"] for split in SPLITS[1:]]
        numbers = ["-" if isinstance(p, str) else f"{difference(whole, p):.0e}" for p in parts]
        lines.append(" ".join([name.ljust(width), *(f"{number:>8}" for number in numbers)]))
    return lines


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(cases())
    with tempfile.TemporaryDirectory() as folder:
        counts = sorted({split.processes for split in SPLITS})
        run_in_processes(Path(folder), counts, train_cases(chosen, lambda name: SPLITS))
        print("\n".join(table(chosen, load(Path(folder)))))
