"""Downloads of published files, checked by SHA-256 and kept."""

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
"""Seconds without an answer after which the next address is tried."""


def download(name: str, urls: Sequence[str], sha256: str, size: int, folder: Path) -> Path:
    """The file ``name`` in ``folder``: of ``size`` bytes, and with this ``sha256`` in hexadecimal.

    Downloads it from the first of ``urls`` that has it, if the file does not exist or has another
    content. A download with another content never gets this name.

    Raises RequestError if no address has it; the message says how to get the file by hand.
    """
    path = folder / name
    failures = []
    if path.is_file():
        if pooch.file_hash(str(path)) == sha256:
            return path
        failures.append(f"{path}: its SHA-256 is wrong")
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
        f"download it by other means ({size:,} bytes, sha256 {sha256}) and put it into {folder}"
    )


def _write_note(path: Path, size: int, sha256: str) -> None:
    """Write a note next to the file, which marks it as deletable for ``ganzoo data cache``."""
    with contextlib.suppress(OSError):  # only `ganzoo data cache` needs the note
        note = path.with_name(f".{path.name}.download.json")
        write_atomically(note, json.dumps({"bytes": size, "sha256": sha256}))


def _fetch(url: str, path: Path, sha256: str) -> None:
    pooch.get_logger().setLevel("WARNING")  # the download is already announced
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
    """The reason in a few words; messages of requests contain its internals."""
    match error:
        case requests.HTTPError(response=requests.Response() as response):
            return f"HTTP status {response.status_code}"
        case requests.Timeout():
            return f"no answer within {_TIMEOUT:g} seconds"
        case requests.RequestException():
            return "the connection failed"
        case OSError():
            return error.strerror or str(error)
        case _:
            return "its SHA-256 is wrong"
