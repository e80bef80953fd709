"""Trains a run up to each moment of a track, and remembers its checkpoints of these moments."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ValidationError
from track import HERE, Entry, Track

import ganzoo
from ganzoo import RequestError, RunFolder, write_atomically

STOPPED = 75
"""The exit status of a training that stopped before its last step, with a checkpoint."""
KEEP = ("checkpoint.every=1000000000", "checkpoint.keep=1000")
"""The only checkpoints are those of the moments, and none is deleted."""


class Moment(BaseModel):
    """A checkpoint that was written when the time was over."""

    seconds: int
    step: int
    images_seen: int


class Speed(BaseModel):
    """What ``ganzoo bench`` says of the run."""

    parameters: dict[str, int]
    operations_per_image: float
    matrix_product: float
    """Floating point operations per second of a large matrix product."""


class Notes(BaseModel):
    """The file ``leaderboard.json`` in a run folder."""

    settings: str
    """The identity of the entry's settings."""
    ganzoo: str = ganzoo.__version__
    commit: str = ""
    machine: str = ""
    moments: list[Moment] = []
    speed: Speed | None = None

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The notes of a run folder; ``None`` if there are none.

        Raises RequestError if they are damaged.
        """
        try:
            return cls.model_validate_json((folder / "leaderboard.json").read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise RequestError(f"{folder / 'leaderboard.json'} cannot be read: {error}") from None

    def write(self, folder: Path) -> None:
        """Write the file; a crash leaves the old one."""
        write_atomically(folder / "leaderboard.json", self.model_dump_json(indent=2) + "\n")


def run_folder(runs: Path, entry: Entry, seed: int) -> Path:
    """``RUNS/ENTRY`` for seed 0, ``RUNS/ENTRY-seed-1`` for seed 1."""
    return runs / (f"{entry.name}-seed-{seed}" if seed else entry.name)


def notes_of(folder: Path, entry: Entry) -> Notes | None:
    """The notes of a run of this entry; ``None`` if it has not started.

    Raises RequestError if the folder has a run with other settings.
    """
    notes = Notes.read(folder)
    if notes and notes.settings != entry.identity:
        raise RequestError(
            f"{folder} was trained with other settings than {entry.file}: move the folder away to "
            "train again"
        )
    return notes


def train(
    track: Track, entry: Entry, folder: Path, seed: int, moments: Sequence[int], more: Sequence[str]
) -> Iterator[Moment]:
    """Train up to each of these moments; those that the run has reached are not repeated.

    Raises RequestError if a training fails, or is stopped before its time is over.
    """
    notes = notes_of(folder, entry)
    if not notes and folder.exists():
        raise RequestError(f"{folder} has no leaderboard.json: move the folder away to train again")
    notes = notes or Notes(settings=entry.identity, commit=commit(), machine=machine(track.device))
    for seconds in moments:
        if any(moment.seconds == seconds for moment in notes.moments):
            continue
        before = notes.moments[-1].seconds if notes.moments else 0
        if seconds < before:
            raise RequestError(
                f"{folder} was trained for {before} s, and has no checkpoint of {seconds} s: move "
                "the folder away to train again"
            )
        limit = f"train.max_time={seconds - before} seconds"
        words = ["resume", str(folder), limit]
        if notes.moments:
            _remove_later_checkpoints(folder, notes.moments[-1].step)
        else:
            settings = [*track.assignments(), *KEEP, *more, f"seed={seed}", limit]
            words = ["train", str(entry.file), *settings, "--run-dir", str(folder)]
        try:
            _start(words, seconds - before, f"{entry.name} until {seconds} s")
        except BaseException:
            if not notes.moments:
                _move_away(folder)
            raise
        reached = _newest(folder)
        notes.moments.append(Moment(seconds=seconds, step=reached[0], images_seen=reached[1]))
        notes.write(folder)
        yield notes.moments[-1]


def _start(words: Sequence[str], seconds: float, what: str) -> None:
    began = time.monotonic()
    status = subprocess.run([sys.executable, "-m", "ganzoo", *words], check=False).returncode  # noqa: S603 - our own
    if status not in (0, STOPPED):
        raise RequestError(f"{what}: ganzoo {words[0]} failed with exit status {status}")
    if status == STOPPED and time.monotonic() - began < seconds:
        raise RequestError(f"{what}: it was stopped before its time was over; it can be repeated")


def _move_away(folder: Path) -> None:
    """Give a run that has reached no moment another name, so that the same command trains again."""
    if folder.exists():
        names = (f"{folder.name}-interrupted-{number}" for number in count(1))
        free = (path for name in names if not (path := folder.with_name(name)).exists())
        folder.rename(next(free))


def _steps(folder: Path) -> list[int]:
    files = RunFolder.open(folder).checkpoints.glob("step-*.pt")
    return sorted(int(file.stem.removeprefix("step-")) for file in files)


def _newest(folder: Path) -> tuple[int, int]:
    """Step and images seen of the newest checkpoint."""
    step = _steps(folder)[-1]
    facts = json.loads((folder / "checkpoints" / f"step-{step:07}.json").read_text("utf-8"))
    return step, int(facts["images_seen"])


def _remove_later_checkpoints(folder: Path, step: int) -> None:
    """Remove what an interrupted part has left: how much of its time it had used is unknown."""
    for later in _steps(folder):
        if later > step:
            for suffix in (".pt", ".json"):
                (folder / "checkpoints" / f"step-{later:07}{suffix}").unlink(missing_ok=True)


def measure_speed(folder: Path) -> Speed:
    """Parameters and operations of the run's networks, and what this machine reaches at most.

    Raises RequestError if ``ganzoo bench`` fails.
    """
    words = [sys.executable, "-m", "ganzoo", "bench", str(folder / "run.toml"), "--json"]
    done = subprocess.run(  # noqa: S603 - our own
        [*words, "--seconds", "1"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RequestError(f"ganzoo bench {folder / 'run.toml'}: {reason}")
    found = json.loads(done.stdout)
    return Speed(
        parameters=found["parameters"],
        operations_per_image=found["operations"] / found["images"],
        matrix_product=found["ceiling"]["matrix_product"],
    )


def facts(folder: Path) -> tuple[str, int, int]:
    """The kind of device of a run's last start, its threads, and the number of its real images."""
    file = RunFolder.open(folder).environment
    found = json.loads(file.read_text("utf-8"))["sessions"][-1]
    return found["device"].split()[0], int(found["threads"]), int(found["images"].split()[0])


def commit() -> str:
    """The commit of the source that this file belongs to; empty outside of a repository."""
    if not (HERE.parents[1] / ".git").exists():
        return ""
    words = ["git", "-C", str(HERE), "rev-parse", "--short=12", "HEAD"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    return done.stdout.strip()


def machine(device: str) -> str:
    """The GPU, or the processor, for people."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text("utf-8", "replace") if cpuinfo.exists() else ""
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()
