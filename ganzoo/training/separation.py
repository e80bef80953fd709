"""How well the discriminator's scores separate real from generated images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def separation(real: NDArray[np.float32], fake: NDArray[np.float32]) -> float:
    """The probability that a real image has a higher score than a generated one, in [0, 1].

    0.5 if the scores do not tell them apart, 1 if they always do. Equal scores count half. It does
    not depend on the scale of the scores, so it is comparable between losses. Of several scores per
    image, (N, K), the mean is taken. This is the area under the ROC curve (Hanley and McNeil 1982).
    """
    real, fake = (scores.reshape(len(scores), -1).mean(1) for scores in (real, fake))
    ordered = np.sort(fake)
    below = np.searchsorted(ordered, real, "left") + np.searchsorted(ordered, real, "right")
    return float(below.mean() / (2 * len(fake)))
