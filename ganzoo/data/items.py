"""Checks of the types and shapes that datasets return; nothing here imports torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from ganzoo.errors import ContractError, described


def require_fingerprint(fingerprint: Any) -> str:
    """The fingerprint of a dataset; raises ContractError if it is not a text."""
    if not isinstance(fingerprint, str):
        raise ContractError(f"the dataset's fingerprint is {fingerprint!r}, not a text")
    return fingerprint


def require_item(item: Any, number: int) -> None:
    """Raise ContractError if this is not a pair of an image and a label or ``None``."""
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise ContractError(
            f"item {number} is {described(item)}, not a tuple (image, label or None)"
        )
    if not isinstance(item[0], Image.Image):
        require_array(item[0], f"the image of item {number}")


def require_array(pixels: Any, what: str, ndim: int = 3) -> None:
    """Raise ContractError if this is not a uint8 array with ``ndim`` dimensions."""
    if not isinstance(pixels, np.ndarray):
        raise ContractError(f"{what} is {described(pixels)}, not a uint8 array")
    if pixels.dtype != np.uint8 or pixels.ndim != ndim:
        raise ContractError(
            f"{what} is an array of {pixels.dtype} and shape {pixels.shape}, not of uint8 and "
            f"shape ({'N, ' * (ndim - 3)}H, W, C)"
        )
