"""Changes of the files of a run folder between two processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

from ganzoo import RequestError
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.checkpoint_file import DamagedCheckpoint, read


def newest_valid(folder: Path) -> int:
    """The step of the newest valid checkpoint; -1 without one."""
    return max(
        (int(p.stem.removeprefix("step-")) for p in _paths(folder) if is_valid(p)), default=-1
    )


def is_valid(checkpoint: Path) -> bool:
    """Whether a checkpoint has the content that was written."""
    try:
        read(checkpoint)
    except DamagedCheckpoint:
        return False
    return True


def _paths(folder: Path) -> list[Path]:
    return Checkpoints(folder / "checkpoints", 1).paths()


def damage_newest(folder: Path, random: Random) -> tuple[str, Path] | None:
    """Damage the newest checkpoint unless it is the only one; the way, and the checkpoint."""
    paths = _paths(folder)
    if len(paths) < 2 or not all(map(is_valid, paths)):
        return None
    way = random.choice(list(_DAMAGES))
    file = paths[0].with_suffix(".json") if "description" in way else paths[0]
    content = file.read_bytes()
    _DAMAGES[way](file, random)
    try:
        read(paths[0])
    except DamagedCheckpoint:
        return way, paths[0]
    except RequestError:  # the damage changed the version of its format: it may be valid
        pass
    file.write_bytes(content)  # the damage had no effect
    return None


def _flip(file: Path, random: Random) -> None:
    content = bytearray(file.read_bytes())
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    file.write_bytes(content)


def _cut(file: Path, random: Random) -> None:
    os.truncate(file, random.randrange(file.stat().st_size))


def _remove(file: Path, random: Random) -> None:
    file.unlink()


_DAMAGES: dict[str, Callable[[Path, Random], None]] = {
    "a bit of the newest checkpoint flips": _flip,
    "the newest checkpoint is cut off": _cut,
    "a bit of its description flips": _flip,
    "its description is cut off": _cut,
    "its description is removed": _remove,
}


def leave_stray_files(folder: Path, random: Random) -> str:
    """Write partial files as of a dead process, and set back the times of all files."""
    for name in ("metrics.jsonl", "checkpoints/step-0000004.pt", "samples/step-0000005.png"):
        file = folder / name
        stray = file.with_name(f".{file.name}.1-{random.randrange(2**32):08x}.part")
        stray.write_bytes(random.randbytes(100))
    for file in folder.rglob("*"):
        os.utime(file, (0, random.randrange(10**9)))
    return "stray files are left, times set back"
