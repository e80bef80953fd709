"""Thousands of broken inputs, each of which must be refused by RequestError or read correctly.

    python -m tests.torture.fuzzing [--inputs 10000] [--seed 0] [--kind NAME] [--keep FOLDER]

They are read in forked processes, so that one that crashes, hangs or takes too much memory costs
only itself. An input follows from the seed, its kind and its number; those that are lost are kept.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import resource
import select
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Never

from rich.console import Console
from rich.table import Table

from ganzoo import RequestError
from tests.torture import datasets, images, records
from tests.torture.breakage import break_bytes, break_text
from tests.torture.kind import Kind

KINDS = (*records.KINDS, *images.KINDS, *datasets.KINDS)
"""All kinds of input."""

SECONDS = 10
"""For an input, after which it counts as hanging."""
MEMORY = 1024**3
"""Bytes that reading an input may take."""

_TOGETHER = 100
"""How many inputs a process reads, if it lives to."""
_CORRECT, _REFUSED = "correct", "refused"


@dataclass
class Row:
    """What has become of the broken inputs of a kind."""

    what: str
    tried: int = 0
    refused: int = 0
    correct: int = 0
    lost: list[str] = field(default_factory=list)
    """A line for each that ended otherwise: which, how it was broken, how it ended."""


def fuzz(kinds: Iterable[Kind], count_each: int, seed: int, keep: Path) -> list[Row]:
    """What becomes of so many broken inputs of each kind; lost ones are kept in a folder."""
    return [_fuzzed(kind, count_each, seed, keep) for kind in kinds]


def _fuzzed(kind: Kind, count: int, seed: int, keep: Path) -> Row:
    row = Row(kind.name)
    samples = kind.samples()
    for sample in samples:  # which imports here what all the forked processes need
        with tempfile.TemporaryDirectory() as folder:
            kind.read(Path(folder), kind.seal(sample))
    for number, end in enumerate(_ends(kind, samples, count, seed)):
        row.tried += 1
        row.refused += end == _REFUSED
        row.correct += end == _CORRECT
        if end not in (_REFUSED, _CORRECT):
            way, content = _input(kind, samples, seed, number)
            file = keep / f"{kind.name}-{number}".replace(" ", "-")
            keep.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            row.lost.append(f"{kind.name}, number {number}, {way}: {end}; kept as {file}")
    return row


def _input(kind: Kind, samples: Sequence[bytes], seed: int, number: int) -> tuple[str, bytes]:
    """How the input of this number is broken, and what it is."""
    random = Random(f"{seed} {kind.name} {number}")
    breaking = break_text if kind.is_text else break_bytes
    way, content = breaking(random.choice(samples), samples, random)
    return way, kind.seal(content)


def _ends(kind: Kind, samples: Sequence[bytes], count: int, seed: int) -> Iterator[str]:
    """How each input ends, in their order."""
    number = 0
    while number < count:
        numbers = range(number, min(number + _TOGETHER, count))
        for end in _ends_in_a_process(kind, samples, seed, numbers):
            number += 1
            yield end


def _ends_in_a_process(
    kind: Kind, samples: Sequence[bytes], seed: int, numbers: range
) -> Iterator[str]:
    """How the inputs end in a forked process, up to the one that costs its life."""
    told, tell = os.pipe()
    with tempfile.TemporaryDirectory() as place, os.fdopen(told, "rb", buffering=0) as pipe:
        if not (child := os.fork()):
            _read(kind, samples, seed, numbers, Path(place), tell)
        os.close(tell)
        try:
            for _ in numbers:
                ready, _, _ = select.select([pipe], [], [], SECONDS)
                line = pipe.readline() if ready else b""
                if not line:
                    yield _death(child) if ready else f"hung for {SECONDS} seconds"
                    return
                yield json.loads(line)
        finally:
            os.kill(child, signal.SIGKILL)  # though it may be about to leave by itself
            os.waitpid(child, 0)


def _death(child: int) -> str:
    found = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert found, "without WNOHANG it waits for one"
    if found.si_code == os.CLD_EXITED:
        return f"the process ended with status {found.si_status}"
    return f"the process died of {signal.Signals(found.si_status).name}"


def _read(
    kind: Kind, samples: Sequence[bytes], seed: int, numbers: range, place: Path, tell: int
) -> Never:
    """Read the inputs, tell how each ends, and leave."""
    try:
        faulthandler.disable()
        _bound_memory()
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):  # which libraries in C may write to, too
            os.dup2(silence, stream)
        warnings.simplefilter("ignore")
        for number in numbers:
            _, content = _input(kind, samples, seed, number)
            folder = place / str(number)
            folder.mkdir()
            os.write(tell, json.dumps(_end(kind, folder, content)).encode() + b"\n")
        os._exit(0)
    finally:
        os._exit(1)


def _bound_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end(kind: Kind, folder: Path, content: bytes) -> str:
    try:
        kind.read(folder, content)
    except RequestError:
        return _REFUSED
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        frames = traceback.extract_tb(error.__traceback__)
        ours = [Path(frame.filename) for frame in frames if "ganzoo" in frame.filename]
        lines = [f"{Path(f.filename).name}:{f.lineno}" for f in frames if Path(f.filename) in ours]
        return f"{type(error).__name__} in {' '.join(lines[-2:])}: {str(error)[:200]}"
    return _CORRECT


def main() -> None:
    """Print a table of what became of the inputs, then what was lost; status 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--inputs", type=int, default=10_000, help="of all kinds together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", help="this alone; repeatable")
    parser.add_argument("--keep", type=Path, default=Path("lost"), help="where lost ones are kept")
    asked = parser.parse_args()
    kinds = [kind for kind in KINDS if not asked.kind or kind.name in asked.kind]
    each = -(-asked.inputs // len(kinds))
    console = Console()
    rows = fuzz(kinds, each, asked.seed, asked.keep)
    table = Table("broken inputs", "tried", "refused", "read correctly", "lost")
    for row in [*rows, _sum(rows)]:
        counts = (row.tried, row.refused, row.correct, len(row.lost))
        table.add_row(row.what, *(f"{count:,}" for count in counts))
    console.print(table)
    for line in _sum(rows).lost:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    sys.exit(1 if _sum(rows).lost else 0)


def _sum(rows: Sequence[Row]) -> Row:
    return Row(
        "all",
        sum(row.tried for row in rows),
        sum(row.refused for row in rows),
        sum(row.correct for row in rows),
        [line for row in rows for line in row.lost],
    )


if __name__ == "__main__":
    main()
