"""Groups of identical images, and of similar ones."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 32
"""Height and width of the images that signatures are computed from."""

_COSINES = np.cos(np.pi / SIDE * np.outer(np.arange(8), np.arange(SIDE) + 0.5))
"""The lowest 8 frequencies of the discrete cosine transform of type II, (8, 32)."""
_MOST_HASH_DIFFERENCE = 4
"""Bits of 64 in which the perceptual hashes of similar images may differ."""
_SHIFTS, _PART = [np.uint64(13 * part) for part in range(5)], np.uint64(2**13 - 1)
"""Hashes are split into 5 parts, one more than may differ: similar ones share at least one."""
_MOST_GRAY_DIFFERENCE = 12
"""Levels of 255 by which any pixel of the 8 x 8 thumbnails may differ.

Photographs that were recompressed at quality 40 and halved in size are within both limits, as are
99 % of drawings; of 4.5 million pairs of MNIST's digits, which look much alike, none is.
"""
_MOST_COMPARED = 200
"""Hashes with the same part that a hash is compared with; more than these are all similar."""

Groups = list[list[int]]
"""Lists of row numbers, ascending; each list is a group."""


def digest(pixels: NDArray[Any]) -> NDArray[np.uint64]:
    """A 128-bit hash of the pixels, their type and their shape, uint64 (2,)."""
    hashed = hashlib.blake2b(f"{pixels.dtype}{pixels.shape}".encode(), digest_size=16)
    hashed.update(np.ascontiguousarray(pixels).data)
    return np.frombuffer(hashed.digest(), np.uint64)


def signature(gray: Image.Image) -> NDArray[np.uint8]:
    """A perceptual hash and an 8 x 8 thumbnail of a gray image, 32 x 32, in 72 bytes.

    The hash is that of Krawetz 2011, "Looks Like It": a bit for each of the lowest frequencies,
    set if it is above their median. The hash alone matches too many images of the same type.
    """
    frequencies = _COSINES @ np.asarray(gray, float) @ _COSINES.T
    frequencies = frequencies.round(6)  # those of a symmetric image are 0, apart from rounding
    thumbnails = np.asarray(gray.reduce(SIDE // 8))
    return np.concatenate([np.packbits(frequencies > np.median(frequencies)), thumbnails.ravel()])


def identical_groups(digests: NDArray[np.uint64]) -> Groups:
    """Groups of two or more equal rows among digests (N, 2)."""
    _, group_of = np.unique(digests, axis=0, return_inverse=True)
    return _groups(group_of.reshape(-1))


def similar_groups(signatures: NDArray[np.uint8]) -> Groups:
    """Groups of rows among signatures (N, 72), connected by pairs that are similar."""
    different, group_of = np.unique(signatures, axis=0, return_inverse=True)
    hashes = np.ascontiguousarray(different[:, :8]).view(np.uint64)[:, 0]
    thumbnails = different[:, 8:].astype(np.int16)
    roots = np.arange(len(different))
    for part in (hashes >> shift & _PART for shift in _SHIFTS):
        order = np.argsort(part, kind="stable")
        starts = np.arange(len(order))
        for step in range(1, _MOST_COMPARED + 1):
            starts = starts[starts + step < len(order)]
            starts = starts[part[order[starts]] == part[order[starts + step]]]
            if not len(starts):
                break
            pairs = np.stack([order[starts], order[starts + step]])
            pairs = pairs[:, roots[pairs[0]] != roots[pairs[1]]]
            pairs = pairs[
                :, np.bitwise_count(hashes[pairs[0]] ^ hashes[pairs[1]]) <= _MOST_HASH_DIFFERENCE
            ]
            differences = np.abs(thumbnails[pairs[0]] - thumbnails[pairs[1]]).max(axis=1)
            _union(roots, pairs[:, differences <= _MOST_GRAY_DIFFERENCE])
    return _groups(roots[group_of.reshape(-1)])


def _union(roots: NDArray[np.intp], pairs: NDArray[np.intp]) -> None:
    """Union-find: give both rows of each pair (2, M) the same root."""
    for pair in pairs.T.tolist():
        first, second = sorted(_find_root(roots, member) for member in pair)
        roots[second] = first
    while pairs.size and (roots != (further := roots[roots])).any():
        roots[:] = further


def _find_root(roots: NDArray[np.intp], member: int) -> int:
    while (root := int(roots[member])) != member:
        roots[member] = roots[root]  # path compression
        member = root
    return member


def _groups(roots: NDArray[np.intp]) -> Groups:
    order = np.argsort(roots, kind="stable")
    borders = np.flatnonzero(np.diff(roots[order])) + 1
    groups = [group.tolist() for group in np.split(order, borders) if len(group) > 1]
    return sorted(groups)
