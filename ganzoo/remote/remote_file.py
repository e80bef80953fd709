"""Files at a URL, by fsspec: object stores, web servers, and whatever else fsspec knows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ganzoo.errors import RequestError
from ganzoo.extras import install_command, require_package
from ganzoo.remote.address import shown
from ganzoo.remote.range_cache import RangeCache
from ganzoo.remote.range_file import changed
from ganzoo.remote.retries import reason, with_retries

_S3 = ("s3", "s3a")
_PACKAGES = {"gs": "gcsfs", "gcs": "gcsfs", "hf": "ganzoo-toolkit[hub]"}
"""What to install for the addresses of a scheme."""
_MOST_BYTES = 8 * 2**20
"""Bytes of one request; after a dropped connection, at most so many are requested again."""
_CONNECT_SECONDS, _SILENT_SECONDS = 10, 30
_VERSION_FIELDS = (
    *("ETag", "etag", "generation", "md5Hash", "crc32c", "Content-MD5", "blob_id", "sha256"),
    *("Last-Modified", "LastModified", "last_modified", "mtime", "created"),
)
"""What the kinds of servers tell about the content of a file."""


class RemoteFile:
    """A file at a URL. Ranges are requested from its server, and kept in ``cache``.

    Requests that fail are repeated for up to ``patience`` seconds.
    """

    def __init__(self, url: str, cache: RangeCache, patience: float) -> None:
        self.address = shown(url)
        self._cache = cache
        self._patience = patience
        self._files, self._path = _open(url, patience)
        facts = self._facts(f"open {self.address}")
        size = facts.get("size")
        if facts.get("type") == "directory" or not isinstance(size, int):
            raise RequestError(
                f"{self.address} is not a file, or its server does not tell its size"
            )
        self.size = size
        self.version = _version(facts)
        self._key = hashlib.sha256(f"{url} {self.version}".encode()).hexdigest()[:32]

    def read(self, start: int, stop: int, *, keep: bool = True) -> bytes:
        """The bytes from ``start`` to before ``stop``, in requests of at most 8 MiB."""
        starts = range(start, stop, _MOST_BYTES)
        read = self._kept if keep else self._download
        return b"".join(read(at, min(at + _MOST_BYTES, stop)) for at in starts)

    def _kept(self, start: int, stop: int) -> bytes:
        return self._cache.get(f"{self._key}-{start}-{stop}", lambda: self._download(start, stop))

    def _download(self, start: int, stop: int) -> bytes:
        def request() -> bytes:
            content: bytes = self._files.cat_file(self._path, start=start, end=stop)
            if len(content) == self.size > stop - start:
                raise RequestError(
                    f"the server of {self.address} sends only whole files (no HTTP ranges): "
                    "download it, and train on the copy"
                )
            if len(content) != stop - start:
                raise ConnectionError(f"{len(content):,} of {stop - start:,} bytes came")
            return content

        place = f"read {self.address} at byte {start:,}"
        try:
            content = with_retries(request, place, self._patience)
        except RequestError:
            self._require_unchanged(place)  # a shorter file has no such range
            raise
        self._require_unchanged(place)
        return content

    def _require_unchanged(self, place: str) -> None:
        if _version(self._facts(place)) != self.version:
            raise changed(self.address)

    def _facts(self, what: str) -> Mapping[str, Any]:
        def request() -> Mapping[str, Any]:
            self._files.invalidate_cache()
            found: Mapping[str, Any] = self._files.info(self._path)
            return found

        return with_retries(request, what, self._patience)


def _version(facts: Mapping[str, Any]) -> str:
    return " ".join(str(facts[name]) for name in ("size", *_VERSION_FIELDS) if facts.get(name))


def _open(url: str, patience: float) -> tuple[Any, str]:
    """The file system of a URL, and the path in it."""
    from fsspec.core import url_to_fs  # it takes a tenth of a second

    scheme = urlsplit(url).scheme
    if scheme in _S3:
        require_package("s3fs", f"{scheme}://", "ganzoo-toolkit[remote]")
    try:
        found: tuple[Any, str] = url_to_fs(url, **_options(scheme, patience))
    except ImportError as error:
        package = _PACKAGES.get(scheme)
        remedy = install_command(package) if package else reason(error)
        raise RequestError(f"{shown(url)} needs another package: {remedy}") from error
    except ValueError as error:
        raise RequestError(f"{shown(url)}: {reason(error)}") from error
    return found


def _options(scheme: str, patience: float) -> dict[str, Any]:
    """Options of the file system of a scheme: how long to wait for an answer."""
    if scheme in ("http", "https"):
        import aiohttp

        wait = aiohttp.ClientTimeout(
            total=max(patience, _SILENT_SECONDS),
            sock_connect=_CONNECT_SECONDS,
            sock_read=_SILENT_SECONDS,
        )
        return {"client_kwargs": {"timeout": wait}}
    if scheme in _S3:
        wait_s3 = {"connect_timeout": _CONNECT_SECONDS, "read_timeout": _SILENT_SECONDS}
        return {"config_kwargs": wait_s3}
    return {}
