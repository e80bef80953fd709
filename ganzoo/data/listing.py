"""Finds the images among the files in a folder or archive, and counts the other files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from ganzoo.data.formats import FORMATS, format_of
from ganzoo.folders import ending

_REMEDIES = {suffix: known.remedy for known in FORMATS for suffix in known.suffixes}
_READABLE = tuple(suffix for suffix, remedy in _REMEDIES.items() if not remedy)

_TEXTS = frozenset(
    (
        *(".txt", ".caption", ".md", ".rst", ".html", ".htm", ".log", ".url", ".lnk"),
        *(".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".toml", ".ini", ".db"),
        *(".py", ".ipynb", ".sh", ".parquet"),
    )
)
"""Suffixes of files that are often next to images; they are left out without a note."""

_RUN = "run.toml"
"""The file that marks a run folder."""

_MOST_SHOWN = 4


class Listing(NamedTuple):
    """The images among some files."""

    names: list[str]
    """In sorted order."""
    notes: list[str]
    """Lines about files and folders that are left out."""


def find_images(names: Iterable[str], read_start: Callable[[str], bytes]) -> Listing:
    """The images among files, by their suffixes; ``names`` are relative, with "/" on every system.

    A file without a suffix is recognized by its content: ``read_start(name)`` returns at least the
    first 64 bytes, or nothing if it cannot be read. Hidden files and run folders are left out.
    """
    shown = sorted(name for name in names if not _is_hidden(name))
    shown, runs = _without_runs(shown)
    images, others = [], Counter[tuple[str, str]]()
    for name in shown:
        if name.lower().endswith(_READABLE):
            images.append(name)
            continue
        file_type, remedy = _file_type(name, read_start)
        if file_type is None:
            images.append(name)
        elif file_type and file_type not in _TEXTS:
            others[file_type, remedy] += 1
    notes = []
    if others:
        notes.append(f"left out {_counted_noun(others.total(), 'file')}: {_counted(others)}")
    if runs:
        folders = _counted_noun(len(runs), "folder")
        notes.append(f"left out {folders} of runs and their files: {first_few(runs)}")
    return Listing(images, notes)


def first_few(names: Sequence[str]) -> str:
    """The first few names, and the number of the others."""
    more = f" and {len(names) - _MOST_SHOWN:,} more" if len(names) > _MOST_SHOWN else ""
    return ", ".join(names[:_MOST_SHOWN]) + more


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _without_runs(names: list[str]) -> tuple[list[str], list[str]]:
    """The names outside run folders, and the run folders; the top folder itself never is one."""
    runs = {name.removesuffix(f"/{_RUN}") for name in names if name.endswith(f"/{_RUN}")}
    if not runs:
        return names, []
    kept = [n for n in names if not any(str(p) in runs for p in PurePosixPath(n).parents)]
    return kept, sorted(runs)


def _file_type(name: str, read_start: Callable[[str], bytes]) -> tuple[str | None, str]:
    """A file's suffix or format, and how to make it readable.

    ``None`` for a readable image without a suffix; an empty text for other files without one.
    """
    suffix = ending(PurePosixPath(name))
    if not suffix:
        known = format_of(read_start(name))
        if known is None:
            return "", ""
        return (f"{known.name} without a suffix", known.remedy) if known.remedy else (None, "")
    return suffix, _REMEDIES.get(suffix, "")


def _counted(counts: Counter[tuple[str, str]]) -> str:
    described = [
        f"{count:,} {file_type}{f' ({remedy})' if remedy else ''}"
        for (file_type, remedy), count in counts.most_common()
    ]
    return first_few(described)


def _counted_noun(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
