"""Which dataset opens a path, as the declarations of the installed datasets say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ganzoo.components import DatasetSpec
from ganzoo.errors import RequestError, UnknownName, did_you_mean
from ganzoo.registry import Entry, Registry
from ganzoo.user_path import user_path

_LISTS = (".txt", ".csv", ".tsv", ".json", ".jsonl")
"""The ends of names of files that may be lists of addresses of images."""


_ONLY_PATHS = (".", "/", "~")
"""How words begin that are no names of components."""


def may_be_path(what: str) -> bool:
    """Whether a word may be the path of images: it exists, or begins as no name does."""
    return what.startswith(_ONLY_PATHS) or (bool(what) and user_path(what).exists())


def path_as_text(dataset: Any) -> Any:
    """A path, or those in a list, as text that is no name of a dataset; the rest unchanged."""
    if isinstance(dataset, list):
        return [path_as_text(each) for each in dataset]
    return str(user_path(dataset).absolute()) if isinstance(dataset, Path) else dataset


def dataset_of(what: str, known: Registry) -> dict[str, Any]:
    """The settings of the dataset that a word names: an installed one, or one that opens a path.

    Raises RequestError if there is no such dataset or path, or if nothing opens it.
    """
    names = [entry.component.name for entry in known.entries("dataset")]
    path = user_path(what)
    try:
        return {"dataset.name": known.find("dataset", what).qualified_name}
    except UnknownName:
        if what in names:  # several datasets have this name
            raise
    if not path.exists():
        raise RequestError(_missing(what, path, names))
    return {
        "dataset.name": opener_of(path, known).qualified_name,
        "dataset.path": str(path.absolute()),
    }


def require_quoted(words: Sequence[str]) -> None:
    """Raise RequestError if the first words are the parts of one path that contains spaces."""
    for count in range(2, len(words) + 1):
        path = " ".join(words[:count])
        if not user_path(words[0]).exists() and user_path(path).exists():
            raise RequestError(f"the path {path} contains spaces: write it in quotes")


def _missing(what: str, path: Path, datasets: Sequence[str]) -> str:
    """Why a word names nothing, and what may have been meant."""
    try:
        others = [each.name for each in path.parent.iterdir() if not each.name.startswith(".")]
    except OSError:  # there is no such folder, or it cannot be read
        others = []
    place = "" if path.is_absolute() else f" in {Path.cwd()}"
    if what.startswith(_ONLY_PATHS):
        remedy = did_you_mean(path.name, others) or "; give the path of your images"
        return f"there is no file or folder called {what}{place}{remedy}"
    remedy = did_you_mean(what, datasets) or did_you_mean(path.name, others)
    remedy = remedy or "; `ganzoo list datasets` lists the datasets"
    return f"there is no dataset called {what}, and no file or folder{place}{remedy}"


def opener_of(path: Path, known: Registry) -> Entry:
    """The dataset that opens a file or folder: the one whose declaration fits it most closely.

    Raises RequestError if there is none or more than one, and for run folders and empty folders.
    """
    if path.is_dir():
        if (path / "run.toml").is_file():
            raise RequestError(f"{path} is a run folder: resume it with `ganzoo resume {path}`")
        if not any(path.iterdir()):
            raise RequestError(f"{path} is an empty folder: put images into it")
    fits = [(len(kind), entry) for entry, kind in _kinds(known) if _fits(path, kind)]
    if not fits:
        raise RequestError(_unknown_kind(path, known))
    most = max(length for length, _ in fits)
    best = {entry.qualified_name: entry for length, entry in fits if length == most}
    if len(best) > 1:
        names = " or ".join(sorted(best))
        raise RequestError(
            f"{path} can be opened by several datasets: write {names}, and dataset.path={path}"
        )
    return next(iter(best.values()))


def _kinds(known: Registry) -> Iterator[tuple[Entry, str]]:
    """Each dataset with each kind of path that it opens."""
    for entry in known.entries("dataset"):
        if isinstance(entry.component, DatasetSpec):
            yield from ((entry, kind) for kind in entry.component.opens)


def _fits(path: Path, kind: str) -> bool:
    if kind.startswith("."):
        return path.is_file() and path.name.lower().endswith(kind.lower())
    _, _, inside = kind.partition("/")
    return path.is_dir() and (not inside or any(path.glob(inside)))


def _unknown_kind(path: Path, known: Registry) -> str:
    """Why nothing opens a path, and what can be opened."""
    ends = sorted({kind for _, kind in _kinds(known) if kind.startswith(".")})
    reason = f"no dataset opens {path}: give a folder of images"
    if ends:
        reason += f", or a file whose name ends in {' '.join(ends)}"
    if path.suffix.lower() in _LISTS:
        reason += "; download a list of addresses first: `ganzoo data --help` lists the commands"
    return reason
