"""Images that are the same, or nearly so, found among many."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 32
"""Height and width of the images whose likeness is taken."""

_BITS = 4
"""In how many of 64 bits the perceptual hashes of near duplicates may differ."""
_SHIFTS, _PART = [np.uint64(13 * part) for part in range(5)], np.uint64(2**13 - 1)
"""They are cut into five parts, one more than bits that may differ: so near ones have one alike."""
_GRAYS = 12
"""By how many of 255 grays they may differ in any of 8 x 8 fields.

Photographs that were compressed again at quality 40 and shrunk to a half pass both bounds, as do
99 in 100 drawings; of 4.5 million pairs of MNIST's digits, which look much alike, none does.
"""
_NEIGHBORS = 200
"""With how many of the same part a hash is compared: where there are more, they look alike."""

Groups = list[list[int]]
"""Positions, ascending, of which every list belongs together."""


def digest(pixels: NDArray[Any]) -> NDArray[np.uint64]:
    """128 bits, of shape (2,), that are the same for the same pixels only."""
    hashed = hashlib.blake2b(f"{pixels.dtype}{pixels.shape}".encode(), digest_size=16)
    hashed.update(np.ascontiguousarray(pixels).data)
    return np.frombuffer(hashed.digest(), np.uint64)


def likeness(gray: Image.Image) -> NDArray[np.uint8]:
    """What a gray image of 32 x 32 looks like, in 72 bytes: a perceptual hash, then 8 x 8 grays.

    The hash is that of Krawetz 2011, "Looks Like It": where the lowest frequencies are above their
    median. It alone takes many images of one kind for duplicates.
    """
    import imagehash

    fields = np.asarray(gray.reduce(SIDE // 8))
    return np.concatenate([np.packbits(imagehash.phash(gray).hash), fields.ravel()])


def same(digests: NDArray[np.uint64]) -> Groups:
    """Which of the digests (N, 2) are equal, in groups of two and more."""
    _, of = np.unique(digests, axis=0, return_inverse=True)
    return _groups(of.reshape(-1))


def near(likenesses: NDArray[np.uint8]) -> Groups:
    """Which of the likenesses (N, 72) are near another, in groups that hang together."""
    different, of = np.unique(likenesses, axis=0, return_inverse=True)
    hashes = np.ascontiguousarray(different[:, :8]).view(np.uint64)[:, 0]
    fields = different[:, 8:].astype(np.int16)
    leaders = np.arange(len(different))
    for part in (hashes >> shift & _PART for shift in _SHIFTS):
        order = np.argsort(part, kind="stable")
        starts = np.arange(len(order))
        for step in range(1, _NEIGHBORS + 1):
            starts = starts[starts + step < len(order)]
            starts = starts[part[order[starts]] == part[order[starts + step]]]
            if not len(starts):
                break
            pairs = np.stack([order[starts], order[starts + step]])
            pairs = pairs[:, leaders[pairs[0]] != leaders[pairs[1]]]
            pairs = pairs[:, np.bitwise_count(hashes[pairs[0]] ^ hashes[pairs[1]]) <= _BITS]
            apart = np.abs(fields[pairs[0]] - fields[pairs[1]]).max(axis=1)
            _join(leaders, pairs[:, apart <= _GRAYS])
    return _groups(leaders[of.reshape(-1)])


def _join(leaders: NDArray[np.intp], pairs: NDArray[np.intp]) -> None:
    """Give the two of each pair (2, M) one leader; all leaders lead themselves before and after."""
    for pair in pairs.T.tolist():
        first, second = sorted(_leader(leaders, member) for member in pair)
        leaders[second] = first
    while pairs.size and (leaders != (further := leaders[leaders])).any():
        leaders[:] = further


def _leader(leaders: NDArray[np.intp], member: int) -> int:
    while (leader := int(leaders[member])) != member:
        leaders[member] = leaders[leader]  # half as far the next time
        member = leader
    return member


def _groups(leaders: NDArray[np.intp]) -> Groups:
    order = np.argsort(leaders, kind="stable")
    borders = np.flatnonzero(np.diff(leaders[order])) + 1
    groups = [group.tolist() for group in np.split(order, borders) if len(group) > 1]
    return sorted(groups)
