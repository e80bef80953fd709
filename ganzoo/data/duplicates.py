"""Images that are the same, or nearly so, found among many."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 32
"""Height and width of the images whose likeness is taken."""

_MOST_HASH_DIFFERENCE = 4
"""In how many of 64 bits the perceptual hashes of near duplicates may differ."""
_SHIFTS, _PART = [np.uint64(13 * part) for part in range(5)], np.uint64(2**13 - 1)
"""They are cut into five parts, one more than bits that may differ: so near ones have one alike."""
_MOST_GRAY_DIFFERENCE = 12
"""By how many of 255 grays they may differ in any of 8 x 8 fields.

Photographs that were compressed again at quality 40 and shrunk to a half pass both bounds, as do
99 in 100 drawings; of 4.5 million pairs of MNIST's digits, which look much alike, none does.
"""
_MOST_COMPARED = 200
"""With how many of the same part a hash is compared: where there are more, they look alike."""

Groups = list[list[int]]
"""Positions, ascending, of which every list belongs together."""


def digest(pixels: NDArray[Any]) -> NDArray[np.uint64]:
    """128 bits, of shape (2,), that are the same for the same pixels only."""
    hashed = hashlib.blake2b(f"{pixels.dtype}{pixels.shape}".encode(), digest_size=16)
    hashed.update(np.ascontiguousarray(pixels).data)
    return np.frombuffer(hashed.digest(), np.uint64)


def signature(gray: Image.Image) -> NDArray[np.uint8]:
    """What a gray image of 32 x 32 looks like, in 72 bytes: a perceptual hash, then 8 x 8 grays.

    The hash is that of Krawetz 2011, "Looks Like It": where the lowest frequencies are above their
    median. It alone takes many images of one kind for duplicates.
    """
    import imagehash

    thumbnails = np.asarray(gray.reduce(SIDE // 8))
    return np.concatenate([np.packbits(imagehash.phash(gray).hash), thumbnails.ravel()])


def identical_groups(digests: NDArray[np.uint64]) -> Groups:
    """Which of the digests (N, 2) are equal, in groups of two and more."""
    _, group_of = np.unique(digests, axis=0, return_inverse=True)
    return _groups(group_of.reshape(-1))


def similar_groups(signatures: NDArray[np.uint8]) -> Groups:
    """Which of the likenesses (N, 72) are near another, in groups that hang together."""
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
    """Give the two of each pair (2, M) one leader; all leaders lead themselves before and after."""
    for pair in pairs.T.tolist():
        first, second = sorted(_find_root(roots, member) for member in pair)
        roots[second] = first
    while pairs.size and (roots != (further := roots[roots])).any():
        roots[:] = further


def _find_root(roots: NDArray[np.intp], member: int) -> int:
    while (root := int(roots[member])) != member:
        roots[member] = roots[root]  # half as far the next time
        member = root
    return member


def _groups(roots: NDArray[np.intp]) -> Groups:
    order = np.argsort(roots, kind="stable")
    borders = np.flatnonzero(np.diff(roots[order])) + 1
    groups = [group.tolist() for group in np.split(order, borders) if len(group) > 1]
    return sorted(groups)
