"""Open a dataset with the library `datasets`, from files or from the Hub."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import RequestError, require_package

if TYPE_CHECKING:
    from ganzoo_huggingface import HuggingfaceOptions

_SAVED = ("dataset_dict.json", "state.json")
"""The files that `save_to_disk` writes for several splits, or for one."""
_EXTRA = "ganzoo-toolkit[huggingface]"
_REPOSITORY = re.compile(r"\w[\w.-]*/\w[\w.-]*")


def library() -> Any:
    """The package `datasets`, version 4 or newer, which does not run code of a dataset.

    Raises RequestError if it is not installed or older.
    """
    datasets = require_package("datasets", "huggingface", _EXTRA)
    if int(datasets.__version__.partition(".")[0]) < 4:
        raise RequestError(
            f"huggingface needs datasets 4 or newer, not {datasets.__version__}: "
            f'pip install "{_EXTRA}"'
        )
    return datasets


def downloads() -> list[Path]:
    """The folders into which Hugging Face's libraries download."""
    hub = importlib.import_module("huggingface_hub.constants")
    return [Path(library().config.DOWNLOADED_DATASETS_PATH), Path(hub.HF_HUB_CACHE)]


def open_split(options: HuggingfaceOptions) -> Any:
    """Open a split as a `datasets.Dataset`.

    Raises RequestError, with the reason that `datasets` gives, if it cannot be opened.
    """
    datasets = library()
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    if (options.path is None) == (options.repository is None):
        raise RequestError(
            "huggingface needs either files or a repository: write dataset.path=FOLDER or "
            "dataset.repository=OWNER/NAME, not both"
        )
    if options.repository and not _REPOSITORY.fullmatch(options.repository):
        raise RequestError(
            f"{options.repository!r} is not a repository: write dataset.repository=OWNER/NAME, as "
            "on the Hugging Face Hub"
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
        return _select_split(datasets.load_from_disk(str(path)), options)
    if path.is_file():
        file_format = path.suffix.removeprefix(".")
        if file_format not in ("parquet", "arrow"):
            raise RequestError(f"{path} is not a .parquet or .arrow file, or a folder of them")
        return _load(datasets, options, file_format, data_files=str(path))
    if not path.is_dir():
        raise RequestError(
            f"there is no {path}: dataset.path is a Parquet or Arrow file or a folder"
        )
    return _load(datasets, options, str(path))


def _load(datasets: Any, options: HuggingfaceOptions, name: str | None, **more: Any) -> Any:
    return datasets.load_dataset(name, options.subset, split=options.split, **more)


def _select_split(saved: Any, options: HuggingfaceOptions) -> Any:
    """The split of what `save_to_disk` wrote; a single split has no name."""
    if not isinstance(saved, dict):
        return saved
    if options.split not in saved:
        raise RequestError(
            f"{options.path} has no split {options.split!r}: write dataset.split=NAME, one of "
            f"{', '.join(saved)}"
        )
    return saved[options.split]
