"""Data sets as the library `datasets` opens them, from files or from the hub."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import RequestError

if TYPE_CHECKING:
    from ganzoo_huggingface import HuggingfaceOptions

_SAVED = ("dataset_dict.json", "state.json")
"""What `save_to_disk` leaves in a folder: of many splits, or of one."""
_REPOSITORY = re.compile(r"\w[\w.-]*/\w[\w.-]*")


def library() -> Any:
    """The package `datasets`; code that comes with data is run by none of its versions from 4 on.

    Raises RequestError if it is not installed, or older.
    """
    remedy = "pip install 'ganzoo-toolkit[huggingface]'"
    try:
        datasets = importlib.import_module("datasets")
    except ImportError as error:
        raise RequestError(f"huggingface needs the package datasets: {remedy}") from error
    if int(datasets.__version__.partition(".")[0]) < 4:
        raise RequestError(f"huggingface needs datasets 4 or newer, which runs no code: {remedy}")
    return datasets


def downloads() -> list[Path]:
    """The folders where Hugging Face's libraries keep what they have downloaded."""
    hub = importlib.import_module("huggingface_hub.constants")
    return [Path(library().config.DOWNLOADED_DATASETS_PATH), Path(hub.HF_HUB_CACHE)]


def open_split(options: HuggingfaceOptions) -> Any:
    """The split that is asked for, as a `datasets.Dataset`.

    Raises RequestError if it cannot be had, with what `datasets` says of it.
    """
    datasets = library()
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    if (options.path is None) == (options.repository is None):
        raise RequestError(
            "huggingface needs to know its images: write dataset.path=FOLDER or "
            "dataset.repository=OWNER/NAME"
        )
    if options.repository and not _REPOSITORY.fullmatch(options.repository):
        raise RequestError(
            f"{options.repository!r} is no repository: write dataset.repository=OWNER/NAME, as the "
            "hub calls it"
        )
    try:
        if options.path is None:
            return _load(datasets, options, options.repository)
        return _open_local(datasets, options, options.path)
    except (
        *(OSError, ValueError, RuntimeError, LookupError, TypeError, NotImplementedError),
        datasets.exceptions.DatasetsError,
    ) as error:
        if isinstance(error, RequestError):
            raise
        reason = " ".join(str(error.__cause__ or error).split())
        raise RequestError(
            f"datasets cannot open {options.path or options.repository}: {reason}"
        ) from error


def _open_local(datasets: Any, options: HuggingfaceOptions, path: Path) -> Any:
    if any((path / name).is_file() for name in _SAVED):
        return _chosen(datasets.load_from_disk(str(path)), options)
    if path.is_file():
        kind = path.suffix.removeprefix(".")
        if kind not in ("parquet", "arrow"):
            raise RequestError(f"{path} is no .parquet or .arrow file, and no folder of them")
        return _load(datasets, options, kind, data_files=str(path))
    if not path.is_dir():
        raise RequestError(f"there is no {path}: dataset.path is a Parquet file or a folder")
    return _load(datasets, options, str(path))


def _load(datasets: Any, options: HuggingfaceOptions, name: str | None, **more: Any) -> Any:
    return datasets.load_dataset(name, options.subset, split=options.split, **more)


def _chosen(saved: Any, options: HuggingfaceOptions) -> Any:
    """The split of what was saved; one that was saved alone has no name."""
    if not isinstance(saved, dict):
        return saved
    if options.split not in saved:
        raise RequestError(
            f"{options.path} has no split {options.split!r}: write dataset.split=NAME, one of "
            f"{', '.join(saved)}"
        )
    return saved[options.split]
