"""Opens files of this machine and of a network, by their address."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ganzoo.options import Options
from ganzoo.remote.address import is_url
from ganzoo.remote.range_cache import RangeCache
from ganzoo.remote.range_file import LocalFile, RangeFile
from ganzoo.remote.remote_file import RemoteFile


class RemoteOptions(Options):
    """The options of a dataset whose files may be remote, for its own class of options."""

    cache_size: float = Field(
        8.0,
        ge=0,
        le=2**20,
        description="GiB of remote files to keep on the disk, in the cache folder; what was not "
        "used for the longest time is deleted first. 0 keeps nothing. All runs share it.",
    )
    """GiB of remote files to keep on the disk."""
    patience: float = Field(
        300.0,
        ge=0,
        le=86400,
        description="Seconds for which a failed request for a remote file is repeated before the "
        "run ends.",
    )
    """Seconds for which a failed request is repeated."""


def open_range_file(address: str, options: RemoteOptions) -> RangeFile:
    """The file at an address of the type ``DataAddress``, to read ranges of bytes of it.

    Ranges of a remote file are kept in the cache folder, and requests that fail are repeated.
    Raises RequestError if it does not exist or cannot be read, or if a package is missing.
    """
    if not is_url(address):
        return LocalFile(Path(address))
    cache = RangeCache(int(options.cache_size * 2**30))
    return RemoteFile(address, cache, options.patience)
