"""Thousands of broken inputs: each must be refused with RequestError or be read correctly.

    python -m tests.torture.fuzzing [--inputs 10000] [--seed 0] [--kind NAME] [--keep FOLDER]

They are read in forked processes: a crash, a hang or too much memory affects one input only.
An input depends on the seed, its kind and its number. Inputs that fail are kept.
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
from tests.torture import datasets, exports, images, records
from tests.torture.breakage import break_bytes, break_text
from tests.torture.input_kind import InputKind

KINDS = (*records.KINDS, *images.KINDS, *datasets.KINDS, *exports.KINDS)
"""All kinds of input."""

SECONDS = 10
"""Time limit of an input; then it counts as hanging."""
MEMORY = 1024**3
"""Memory limit of reading an input, in bytes."""

_INPUTS_PER_PROCESS = 100
"""Largest number of inputs that one process reads."""
_CORRECT, _REFUSED = "correct", "refused"


@dataclass
class Row:
    """The results of the broken inputs of a kind."""

    what: str
    tried: int = 0
    refused: int = 0
    correct: int = 0
    failed: list[str] = field(default_factory=list)
    """A line for each other result: number, kind of damage, result."""


def fuzz(kinds: Iterable[InputKind], count_each: int, seed: int, keep: Path) -> list[Row]:
    """Read ``count_each`` broken inputs of each kind; failed ones are kept in a folder."""
    return [_fuzzed(kind, count_each, seed, keep) for kind in kinds]


def _fuzzed(kind: InputKind, count: int, seed: int, keep: Path) -> Row:
    row = Row(kind.name)
    samples = kind.samples()
    for sample in samples:  # also imports what the forked processes need
        with tempfile.TemporaryDirectory() as folder:
            kind.read(Path(folder), kind.fix_checksums(sample))
    for number, result in enumerate(_results(kind, samples, count, seed)):
        row.tried += 1
        row.refused += result == _REFUSED
        row.correct += result == _CORRECT
        if result not in (_REFUSED, _CORRECT):
            way, content = _input(kind, samples, seed, number)
            file = keep / f"{kind.name}-{number}".replace(" ", "-")
            keep.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            row.failed.append(f"{kind.name}, number {number}, {way}: {result}; kept as {file}")
    return row


def _input(kind: InputKind, samples: Sequence[bytes], seed: int, number: int) -> tuple[str, bytes]:
    """The kind of damage of the input of this number, and its bytes."""
    random = Random(f"{seed} {kind.name} {number}")
    breaking = break_text if kind.is_text else break_bytes
    way, content = breaking(random.choice(samples), samples, random)
    return way, kind.fix_checksums(content)


def _results(kind: InputKind, samples: Sequence[bytes], count: int, seed: int) -> Iterator[str]:
    """The result of each input, in order."""
    number = 0
    while number < count:
        numbers = range(number, min(number + _INPUTS_PER_PROCESS, count))
        for result in _results_of_process(kind, samples, seed, numbers):
            number += 1
            yield result


def _results_of_process(
    kind: InputKind, samples: Sequence[bytes], seed: int, numbers: range
) -> Iterator[str]:
    """The results of inputs in one forked process, until an input ends the process."""
    read_end, write_end = os.pipe()
    with tempfile.TemporaryDirectory() as place, os.fdopen(read_end, "rb", buffering=0) as pipe:
        if not (child := os.fork()):
            _read(kind, samples, seed, numbers, Path(place), write_end)
        os.close(write_end)
        try:
            for _ in numbers:
                ready, _, _ = select.select([pipe], [], [], SECONDS)
                line = pipe.readline() if ready else b""
                if not line:
                    yield _exit_reason(child) if ready else f"hung for {SECONDS} seconds"
                    return
                yield json.loads(line)
        finally:
            os.kill(child, signal.SIGKILL)  # it may have ended already
            os.waitpid(child, 0)


def _exit_reason(child: int) -> str:
    found = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert found, "without WNOHANG it waits for one"
    if found.si_code == os.CLD_EXITED:
        return f"the process ended with status {found.si_status}"
    return f"the process died of {signal.Signals(found.si_status).name}"


def _read(
    kind: InputKind,
    samples: Sequence[bytes],
    seed: int,
    numbers: range,
    place: Path,
    write_end: int,
) -> Never:
    """Read the inputs, write the result of each to a pipe, and exit."""
    try:
        faulthandler.disable()
        _limit_memory()
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):  # C libraries may write to them
            os.dup2(silence, stream)
        warnings.simplefilter("ignore")
        for number in numbers:
            _, content = _input(kind, samples, seed, number)
            folder = place / str(number)
            folder.mkdir()
            os.write(write_end, json.dumps(_result(kind, folder, content)).encode() + b"\n")
        os._exit(0)
    finally:
        os._exit(1)


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _result(kind: InputKind, folder: Path, content: bytes) -> str:
    try:
        kind.read(folder, content)
    except RequestError:
        return _REFUSED
    except BaseException as error:  # noqa: BLE001 - any other error is a failure
        frames = traceback.extract_tb(error.__traceback__)
        ours = [Path(frame.filename) for frame in frames if "ganzoo" in frame.filename]
        lines = [f"{Path(f.filename).name}:{f.lineno}" for f in frames if Path(f.filename) in ours]
        return f"{type(error).__name__} in {' '.join(lines[-2:])}: {str(error)[:200]}"
    return _CORRECT


def main() -> None:
    """Print a table of the results, then the failed inputs; exit with status 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--inputs", type=int, default=10_000, help="of all kinds together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", help="only this kind; repeatable")
    parser.add_argument(
        "--keep", type=Path, default=Path("failed"), help="folder for failed inputs"
    )
    asked = parser.parse_args()
    kinds = [kind for kind in KINDS if not asked.kind or kind.name in asked.kind]
    each = -(-asked.inputs // len(kinds))
    console = Console()
    rows = fuzz(kinds, each, asked.seed, asked.keep)
    table = Table("broken inputs", "tried", "refused", "read correctly", "failed")
    for row in [*rows, _sum(rows)]:
        counts = (row.tried, row.refused, row.correct, len(row.failed))
        table.add_row(row.what, *(f"{count:,}" for count in counts))
    console.print(table)
    for line in _sum(rows).failed:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    sys.exit(1 if _sum(rows).failed else 0)


def _sum(rows: Sequence[Row]) -> Row:
    return Row(
        "all",
        sum(row.tried for row in rows),
        sum(row.refused for row in rows),
        sum(row.correct for row in rows),
        [line for row in rows for line in row.failed],
    )


if __name__ == "__main__":
    main()
