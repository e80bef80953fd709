"""The index of shards, as `ganzoo data pack --shards` writes it, and the labels beside it."""

from __future__ import annotations

import hashlib
import io
import json
import math
import tokenize
import zipfile
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ganzoo import Condition, RangeFile, RequestError

_MOST_BYTES = 2**30
"""The largest index, and the largest labels."""
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=1, le=2**48)]
_DAMAGE = (
    *(ValueError, TypeError, KeyError, AttributeError, OverflowError, MemoryError),
    *(EOFError, SyntaxError, tokenize.TokenError, zipfile.BadZipFile, RequestError),
)
"""What reading labels or a condition may raise."""
_HEADER = 2**16
"""More bytes than the header of a NumPy file has."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class StoredFile(_Model):
    """A file of the folder."""

    file: Annotated[str, Field(pattern=r"^[\w-][\w.-]*$")]
    """Its name, without a folder."""
    bytes: _Count
    sha256: _Sha256


class Shard(StoredFile):
    """A file with an array of images, (N, H, W, C)."""

    images: _Count


class Index(_Model):
    """What the shards contain."""

    format: Literal["ganzoo-shards"]
    version: Literal[1]
    shape: Annotated[list[_Count], Field(min_length=3, max_length=3)]
    """Height, width and channels of each image."""
    chunk: _Count
    condition: dict[str, Any] | None
    labels: StoredFile | None
    shards: Annotated[list[Shard], Field(min_length=1)]
    chunk_sha256: list[_Sha256]

    @property
    def images(self) -> int:
        """The number of all images."""
        return sum(shard.images for shard in self.shards)

    @property
    def image_bytes(self) -> int:
        """The number of bytes of each image."""
        return math.prod(self.shape)

    @property
    def fingerprint(self) -> str:
        """A hash of the content; the names of the files and the sizes of the shards do not count.

        The images of the chunks, the labels and what they mean.
        """
        labels = self.labels.sha256 if self.labels else None
        content = [self.shape, self.chunk, self.condition, labels, self.chunk_sha256]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @model_validator(mode="after")
    def _sizes_agree(self) -> Index:
        for shard in self.shards:
            if not 0 < shard.bytes - shard.images * self.image_bytes < _HEADER:
                raise ValueError(f"{shard.file} has other sizes than its images")
        if len(self.chunk_sha256) != -(-self.images // self.chunk):
            raise ValueError("chunk_sha256 has another length than there are chunks")
        if (self.condition is None) != (self.labels is None):
            raise ValueError("there are labels without a condition, or the reverse")
        return self


def read_index(file: RangeFile) -> Index:
    """The index in a file; raises RequestError if it is damaged or of another kind."""
    try:
        return Index.model_validate_json(_content(file))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        reason = " ".join(filter(None, [place, first["msg"]]))
        raise RequestError(
            f"{file.address} is not an undamaged index of shards ({reason}): copy it again, or "
            "write the shards again with `ganzoo data pack --shards`"
        ) from error


def read_labels(file: RangeFile, index: Index) -> tuple[NDArray[Any], Condition]:
    """The label of each image, int64 (N,), or its values, float32 (N, D), and their meaning."""
    assert index.labels is not None
    content = _content(file)
    if hashlib.sha256(content).hexdigest() != index.labels.sha256:
        raise RequestError(f"{file.address} does not belong to its index, or is damaged: copy both")
    try:
        labels = np.load(io.BytesIO(content), allow_pickle=False)
        condition = Condition.from_plain(index.condition)
        assert condition is not None
        whole = condition.kind == "class"
        if labels.shape != (index.images, *condition.shape):
            raise ValueError("they have another shape")
        if labels.dtype.kind not in ("ui" if whole else "buif"):
            raise ValueError("they are not numbers of the right kind")
        return labels.astype(np.int64 if whole else np.float32), condition
    except _DAMAGE as error:
        raise RequestError(
            f"{file.address} or the condition of its index is damaged: copy both again"
        ) from error


def _content(file: RangeFile) -> bytes:
    if file.size > _MOST_BYTES:
        raise RequestError(
            f"{file.address} has {file.size:,} bytes, and at most {_MOST_BYTES:,} are read at once"
        )
    return file.read(0, file.size)
