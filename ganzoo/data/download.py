"""Downloads of published files, checked by SHA-256 and kept."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from urllib.error import HTTPError, URLError

from ganzoo.errors import RequestError
from ganzoo.folders import replacing, write_atomically
from ganzoo.observers.console import show_progress

_ATTEMPTS = 3
_PAUSE = 1.0
"""Seconds before an address is tried again."""
_TIMEOUT = 30.0
"""Seconds without an answer after which an attempt ends."""
_CHUNK = 2**20
_HEADERS = {"User-Agent": "ganzoo"}


def download(name: str, urls: Sequence[str], sha256: str, size: int, folder: Path) -> Path:
    """The file ``name`` in ``folder``: of ``size`` bytes, and with this ``sha256`` in hexadecimal.

    Downloads it from the first of ``urls`` that has it, if the file does not exist or has another
    content. A download with another content never gets this name, and no more than ``size`` bytes
    of it are read.

    Raises RequestError if no address has it; the message says how to get the file by hand.
    """
    path = folder / name
    failures = []
    if path.is_file():
        if _sha256_of(path) == sha256:
            return path
        failures.append(f"{path}: its SHA-256 is wrong")
    for url in urls:
        print(f"downloading {name} ({size:,} bytes) from {url}", file=sys.stderr)
        try:
            _fetch(url, path, sha256, size)
        except (OSError, http.client.HTTPException, _WrongContent) as error:
            failures.append(f"{url}: {_reason(error)}")
        else:
            _write_note(path, size, sha256)
            return path
    raise RequestError(
        f"cannot download {name}: {'; '.join(failures)}; "
        f"download it by other means ({size:,} bytes, sha256 {sha256}) and put it into {folder}"
    )


class _WrongContent(Exception):
    """An address has another content."""


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_note(path: Path, size: int, sha256: str) -> None:
    """Write a note next to the file, which marks it as deletable for ``ganzoo data cache``."""
    with contextlib.suppress(OSError):  # only `ganzoo data cache` needs the note
        note = path.with_name(f".{path.name}.download.json")
        write_atomically(note, json.dumps({"bytes": size, "sha256": sha256}))


def _fetch(url: str, path: Path, sha256: str, size: int) -> None:
    """Download the file; what may pass, such as a broken connection, is tried again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _fetch_once(url, path, sha256, size)
        except (OSError, http.client.HTTPException) as error:
            is_final = isinstance(error, HTTPError) and error.code < 500
            if is_final or attempt == _ATTEMPTS:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _fetch_once(url: str, path: Path, sha256: str, size: int) -> None:
    request = urllib.request.Request(url, headers=_HEADERS)  # noqa: S310 - the plugin names it
    digest, received = hashlib.sha256(), 0
    with (
        urllib.request.urlopen(request, timeout=_TIMEOUT) as response,  # noqa: S310
        replacing(path) as part,
        part.open("wb") as file,
        show_progress("bytes", "") as progress,
    ):
        while received <= size and (chunk := response.read(min(_CHUNK, size + 1 - received))):
            digest.update(chunk)
            file.write(chunk)
            received += len(chunk)
            progress(received, size)
        if digest.hexdigest() != sha256:
            if response.length and received <= size:  # fewer bytes than were announced
                raise http.client.IncompleteRead(b"")
            raise _WrongContent


def _reason(error: Exception) -> str:
    """The reason in a few words; messages of urllib contain its internals."""
    match error:
        case HTTPError():
            return f"HTTP status {error.code}"
        case _WrongContent():
            return "its SHA-256 is wrong"
        case TimeoutError() | URLError(reason=TimeoutError()):
            return f"no answer within {_TIMEOUT:g} seconds"
        case URLError() | ConnectionError() | http.client.HTTPException():
            return "the connection failed"
        case _:
            return getattr(error, "strerror", None) or str(error)
