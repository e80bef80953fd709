"""Whether generated images are copies of real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from ganzoo import ImageSet, MetricValue, Options
from ganzoo_feature_metrics.neighbors import nearest

_RARE = 0.01


@dataclass(frozen=True)
class Memorization:
    """Distances of generated images to the nearest real one, against those among real images.

    - "memorization/copies", 0 to 1, about 0.01 if all is well: generated images that are as near
      to a real one as only 1% of real images are to another.
    - "memorization/distance", 0 and more, about 1 if all is well, near 0 for copies, and more than
      1 for images unlike the real ones: the median distance of generated images to the nearest
      real one, by that of real images to the nearest other.

    Only copies of the real images that it is given can be seen.
    """

    options: Options

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """The two numbers."""
        copies, distance = memorization(real.features, fake.features)
        return {
            "memorization/copies": MetricValue(copies, len(fake)),
            "memorization/distance": MetricValue(distance, len(fake)),
        }


def memorization(real: Tensor, fake: Tensor) -> tuple[float, float]:
    """The share of copies, and the ratio of median distances, of features (N, D) and (M, D).

    Where the median among real images is 0, the ratio is 0 for copies and 1 for others.
    """
    among_real, to_real = nearest(real), nearest(fake, real)
    copies = (to_real <= among_real.quantile(_RARE)).double().mean().item()
    usual, found = among_real.median().item(), to_real.median().item()
    return copies, found / usual if usual else float(found > 0)
