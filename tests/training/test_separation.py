from __future__ import annotations

import numpy as np
import pytest

from ganzoo.training.separation import separation


@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [
        ([3, 4], [1, 2], 1),
        ([1, 2], [3, 4], 0),
        ([1, 3], [2, 4], 0.25),
        ([5, 5], [5, 5, 5], 0.5),
    ],
)
def test_separation_is_the_share_of_pairs_in_which_the_real_image_has_the_higher_score(
    real: list[float], fake: list[float], expected: float
) -> None:
    scores = (np.array(each, np.float32) for each in (real, fake))
    assert separation(*scores) == expected


def test_the_mean_of_several_scores_counts() -> None:
    real, fake = np.array([[0, 4], [1, 3]], np.float32), np.array([[3, 0], [0, 0]], np.float32)
    assert separation(real, fake) == 1
