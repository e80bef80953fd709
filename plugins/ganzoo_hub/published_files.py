"""The files of a published generator, and their SHA-256 sums."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import ganzoo
from ganzoo import Card, ExportedGenerator, RequestError, TrainedGenerator, write_atomically
from ganzoo_hub.readme import readme

GENERATOR, README, SAMPLES, SUMS = "generator.safetensors", "README.md", "samples.png", "SHA256SUMS"
CHECKED = (GENERATOR, README, SAMPLES)
"""The files whose sums are in ``SUMS``."""
_SUM = re.compile(r"([0-9a-f]{64})  (\S.*)")
_MOST_BYTES = 10_000
"""The largest size of ``SUMS``."""


def write_files(
    trained: TrainedGenerator, folder: Path, source: str, license_text: str, description: str
) -> Card:
    """Write all files into an empty folder; returns the card.

    ``source`` is what ``ganzoo pull`` gets them from.
    """
    path = folder / GENERATOR
    ganzoo.export_generator(
        trained, "safetensors", path, license=license_text, description=description
    )
    exported = require_generator(path)
    write_atomically(folder / README, readme(exported.card, source))
    scale = max(1, 128 // exported.image_shape.height)
    trained.grid(16, scale=scale).save(folder / SAMPLES, format="PNG")
    sums = (f"{sum_of(folder / name)}  {name}\n" for name in CHECKED)
    write_atomically(folder / SUMS, "".join(sums))
    return exported.card


def require_generator(path: Path) -> ExportedGenerator:
    """The generator in a safetensors file; no code of the file is run.

    Raises RequestError if it is damaged, or if the plugin of its architecture is not installed.
    """
    exported = ganzoo.load(path)
    assert isinstance(exported, ExportedGenerator)
    return exported


def sum_of(path: Path) -> str:
    """The SHA-256 sum of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_sums(path: Path, source: str) -> dict[str, str]:
    """The sums in a file ``SUMS``, by the names of ``CHECKED``.

    Raises RequestError if the file is damaged, or has another name or not all of them: no other
    file is ever read.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError
        lines = [_SUM.fullmatch(line) for line in path.read_text("utf-8").splitlines()]
        sums = {line[2]: line[1] for line in lines if line}
        if not all(lines) or set(sums) != set(CHECKED):
            raise ValueError
    except FileNotFoundError as error:
        raise RequestError(f"{source} has no {SUMS}: `ganzoo push` writes it") from error
    except (OSError, ValueError) as error:
        raise RequestError(f"{SUMS} of {source} is damaged: publish the generator again") from error
    return sums


def check_files(folder: Path, source: str, expected: str | None) -> str:
    """Compare the files with their sums; returns the sum of the generator's file.

    ``expected`` is what this must be, if it is known from elsewhere. Raises RequestError for a file
    that is missing or differs.
    """
    for name, known in read_sums(folder / SUMS, source).items():
        if not (folder / name).is_file():
            raise RequestError(f"{source} has no {name}: publish the generator again")
        if sum_of(folder / name) != known:
            raise RequestError(
                f"{name} of {source} does not have the SHA-256 sum {known} of {SUMS}: it is "
                "damaged or was changed"
            )
    found = sum_of(folder / GENERATOR)
    if expected is not None and found != expected.lower():
        raise RequestError(f"{GENERATOR} of {source} has the SHA-256 sum {found}, not {expected}")
    return found
