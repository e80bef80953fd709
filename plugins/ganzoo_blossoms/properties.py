"""The properties of each flower that can be a condition."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganzoo import Condition
from ganzoo_blossoms.petals import Petals
from ganzoo_blossoms.pose import MAX_RADIUS, MIN_RADIUS, Pose
from ganzoo_blossoms.randomness import Draws
from ganzoo_blossoms.ring import MAX_PETALS, MIN_PETALS, petal_counts

_HUES = (-110.0, 112.0)
"""From blue over violet, pink, red and orange to yellow, in degrees of OKLCH; no petal is green."""

PETALS = range(MIN_PETALS, MAX_PETALS + 1)
CONDITIONS = {
    "class": Condition("class", tuple(f"{n} petals" for n in PETALS)),
    "petals": Condition("vector", ("petals",), ((MIN_PETALS, MAX_PETALS),)),
    "vector": Condition(
        "vector",
        ("petals", "hue", "size"),
        ((MIN_PETALS, MAX_PETALS), (0.0, 1.0), (MIN_RADIUS, MAX_RADIUS)),
    ),
}
"""What the dataset tells about each image, by the option ``condition``."""


def properties(
    seed: int, indices: range, condition_kind: str
) -> NDArray[np.int64] | NDArray[np.float32]:
    """Labels, int64 (N,), or values, float32 (N, D), of these images.

    The hue is 0 for blue and 1 for yellow; the size is the radius in units of the image's height.
    """
    petals = petal_counts(seed, indices)
    if condition_kind == "class":
        return petals - MIN_PETALS
    if condition_kind == "petals":
        return petals[:, None].astype(np.float32)
    hue = Petals.sample(Draws(seed, "petals", indices), petals).colors.hue[:, 0, 0]
    turned = (hue + 180) % 360 - 180  # the gap in the hues is now at the ends
    low, high = _HUES
    size = Pose.sample(Draws(seed, "pose", indices)).radius[:, 0, 0]
    unit = (turned - low) / (high - low)
    return np.stack([petals, unit, size], axis=1, dtype=np.float32)
