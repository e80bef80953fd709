"""Whether generated pictures are copies of real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from ganzoo import Measured, Options, Sample
from ganzoo_feature_metrics.neighbours import nearest

_RARE = 0.01


@dataclass(frozen=True)
class Memorisation:
    """Distances of generated pictures to the nearest real one, against those among real pictures.

    - "memorisation/copies", 0 to 1, about 0.01 if all is well: generated pictures that are as near
      to a real one as only 1% of real pictures are to another.
    - "memorisation/distance", 0 and more, about 1 if all is well, near 0 for copies, and more than
      1 for pictures unlike the real ones: the median distance of generated pictures to the nearest
      real one, by that of real pictures to the nearest other.

    Only copies of the real pictures that it is given can be seen.
    """

    options: Options

    def __call__(self, real: Sample, fake: Sample) -> Mapping[str, Measured]:
        """The two numbers."""
        copies, distance = memorisation(real.features, fake.features)
        return {
            "memorisation/copies": Measured(copies, len(fake)),
            "memorisation/distance": Measured(distance, len(fake)),
        }


def memorisation(real: Tensor, fake: Tensor) -> tuple[float, float]:
    """The share of copies, and the ratio of median distances, of features (N, D) and (M, D).

    Where the median among real pictures is 0, the ratio is 0 for copies and 1 for others.
    """
    among_real, to_real = nearest(real), nearest(fake, real)
    copies = (to_real <= among_real.quantile(_RARE)).double().mean().item()
    usual, found = among_real.median().item(), to_real.median().item()
    return copies, found / usual if usual else float(found > 0)
