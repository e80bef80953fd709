"""How many generated images are nearly copies of real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from ganzoo import ImageSet, MetricValue, Options
from ganzoo_feature_metrics.neighbors import nearest_distances

_QUANTILE = 0.01


@dataclass(frozen=True)
class Memorization:
    """Distances of generated images to the nearest real one, relative to those among real images.

    - "memorization/copies", 0 to 1, about 0.01 without memorization: the fraction of generated
      images whose distance to the nearest real image is at most the 1% quantile of the distances
      of real images to the nearest other real image.
    - "memorization/distance", 0 or more, about 1 without memorization, near 0 for copies, above 1
      for images unlike the real ones: the median distance of generated images to the nearest real
      image, divided by the median distance of real images to the nearest other real image.

    Only copies of the real images of the evaluation are found.
    """

    options: Options

    def __call__(self, real: ImageSet, fake: ImageSet) -> Mapping[str, MetricValue]:
        """Both values."""
        copies, distance = memorization(real.features, fake.features)
        return {
            "memorization/copies": MetricValue(copies, len(fake)),
            "memorization/distance": MetricValue(distance, len(fake)),
        }


def memorization(real: Tensor, fake: Tensor) -> tuple[float, float]:
    """The fraction of copies and the ratio of median distances, of features (N, D) and (M, D).

    If the median among real images is 0, the ratio is 0 or 1: whether the other median is above 0.
    """
    among_real, to_real = nearest_distances(real), nearest_distances(fake, real)
    copies = (to_real <= among_real.quantile(_QUANTILE)).double().mean().item()
    median_among_real, median_to_real = among_real.median().item(), to_real.median().item()
    if not median_among_real:
        return copies, float(median_to_real > 0)
    return copies, median_to_real / median_among_real
