"""Published files, fetched once and checked."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pooch
import requests

from ganzoo.errors import RequestError
from ganzoo.folders import write_atomically

_RETRIES = 2
_TIMEOUT = 30.0
"""Seconds of silence after which an address is given up."""


def download(name: str, urls: Sequence[str], sha256: str, size: int, folder: Path) -> Path:
    """The file ``name`` in ``folder``: of ``size`` bytes, and with this ``sha256`` in hexadecimal.

    It is fetched, from the first of ``urls`` that has it, if it is not there or another. Nothing
    with another content ever gets its name.

    Raises RequestError, which says how to go on by hand, if it can be had nowhere.
    """
    path = folder / name
    failures = []
    if path.is_file():
        if pooch.file_hash(str(path)) == sha256:
            return path
        failures.append(f"{path}: another content")
    for url in urls:
        print(f"downloading {name} ({size:,} bytes) from {url}", file=sys.stderr)
        try:
            _fetch(url, path, sha256)
        except (OSError, ValueError) as error:
            failures.append(f"{url}: {_reason(error)}")
        else:
            _write_note(path, size, sha256)
            return path
    raise RequestError(
        f"cannot download {name}: {'; '.join(failures)}; "
        f"put it ({size:,} bytes, sha256 {sha256}) into {folder} yourself"
    )


def _write_note(path: Path, size: int, sha256: str) -> None:
    """Leave a note beside the file, by which ``ganzoo data cache`` knows that it may be deleted."""
    with contextlib.suppress(OSError):  # it is only missed when the cache is cleared
        note = path.with_name(f".{path.name}.download.json")
        write_atomically(note, json.dumps({"bytes": size, "sha256": sha256}))


def _fetch(url: str, path: Path, sha256: str) -> None:
    pooch.get_logger().setLevel("WARNING")  # what it would say is said already
    fetcher = pooch.Pooch(
        path=path.parent,
        base_url="",
        registry={path.name: f"sha256:{sha256}"},
        urls={path.name: url},
        retry_if_failed=_RETRIES,
    )
    fetcher.fetch(
        path.name,
        downloader=pooch.HTTPDownloader(
            progressbar=sys.stderr.isatty(), chunk_size=2**20, timeout=_TIMEOUT
        ),
    )


def _reason(error: OSError | ValueError) -> str:
    """A few words: those of requests, whose errors are OSErrors, are full of its internals."""
    match error:
        case requests.HTTPError(response=requests.Response() as response):
            return f"HTTP status {response.status_code}"
        case requests.Timeout():
            return "no answer in time"
        case requests.RequestException():
            return "no connection, or it broke"
        case OSError():
            return error.strerror or str(error)
        case _:
            return "another content"
