"""Writes prepared images into several NumPy files, the shards, and an index of them."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.lib import format as npy

from ganzoo.data.collection import Collection
from ganzoo.data.pack import Pack, Progress
from ganzoo.errors import RequestError

FORMAT, VERSION = "ganzoo-shards", 1
INDEX = "index.json"
LABELS = "labels.npy"
SHARD_NAME = re.compile(r"images-\d+\.npy")


def write_shards(pack: Pack, folder: Path, progress: Progress) -> None:
    """Write ``images-00000.npy`` and so on, ``labels.npy`` if there are any, and ``index.json``.

    Each shard is an array (N, H, W, C), uint8, as NumPy reads it. The index has the number of
    images, the size and the SHA-256 of each shard, and the SHA-256 of each chunk of images.
    """
    count = len(pack.data)
    if pack.shards > count:
        raise RequestError(f"{count} images cannot be split into {pack.shards} shards")
    folder.mkdir()
    ends = [(number + 1) * count // pack.shards for number in range(pack.shards)]
    channels, height, width = pack.data.shape
    shards: list[dict[str, Any]] = []
    chunks: list[str] = []
    blocks, pending = pack.blocks(progress), np.empty((0, height, width, channels), np.uint8)
    start = 0
    for number, end in enumerate(ends):
        with _HashedFile(folder / f"images-{number:05}.npy") as file:
            shape = (end - start, height, width, channels)
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            npy.write_array_header_1_0(cast(Any, file), header)
            while start < end:
                if not len(pending):
                    _, pending = next(blocks)
                    chunks.append(hashlib.sha256(pending.tobytes()).hexdigest())
                rows, pending = pending[: end - start], pending[end - start :]
                file.write(rows.tobytes())
                start += len(rows)
        shards.append({**file.facts(), "images": shape[0]})
    next(blocks, None)  # reports that all images are written
    index = {
        "format": FORMAT,
        "version": VERSION,
        "shape": [height, width, channels],
        "chunk": pack.block_size,
        "condition": pack.data.condition.to_plain() if pack.data.condition else None,
        "labels": _write_labels(pack, folder / LABELS),
        "about": dict(pack.facts),
        "shards": shards,
        "chunk_sha256": chunks,
    }
    (folder / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


def shard_count(data: Collection, bytes_per_shard: int) -> int:
    """The number of shards of at most this size; raises RequestError if no image fits in one."""
    header, image = npy.ARRAY_ALIGN * 2, math.prod(data.shape)
    per_shard = (bytes_per_shard - header) // image
    if per_shard < 1:
        raise RequestError(
            f"--shard-size is {bytes_per_shard:,} bytes, less than one image: write at least "
            f"{header + image:,}"
        )
    return -(-len(data) // per_shard)


def is_shards(folder: Path) -> bool:
    """Whether a folder contains shards with their index, and nothing else."""
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    names = {path.name for path in folder.iterdir()} - {INDEX, LABELS}
    known = isinstance(index, dict) and index.get("format") == FORMAT
    return known and all(SHARD_NAME.fullmatch(name) for name in names)


def _write_labels(pack: Pack, path: Path) -> dict[str, Any] | None:
    labels = pack.values.get("labels")
    if labels is None:
        return None
    with _HashedFile(path) as file:
        npy.write_array(cast(Any, file), labels, version=(1, 0), allow_pickle=False)
    return file.facts()


class _HashedFile:
    """A new file; its size and SHA-256 are known at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digest = hashlib.sha256()
        self._size = 0
        self._file: IO[bytes] = path.open("xb")

    def write(self, content: bytes) -> int:
        """Write bytes; functions of NumPy that write into a file call this, too."""
        self._digest.update(content)
        self._size += len(content)
        return self._file.write(content)

    def __enter__(self) -> _HashedFile:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def facts(self) -> dict[str, Any]:
        """What the index says about the file."""
        digest = self._digest.hexdigest()
        return {"file": self._path.name, "bytes": self._size, "sha256": digest}
