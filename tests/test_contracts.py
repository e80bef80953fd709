from __future__ import annotations

from ganzoo.contracts import ImageShape
from ganzoo.data.preparation import Preparation


def test_a_size_is_told_in_the_order_in_which_it_is_set() -> None:
    how = Preparation(resolution="64x48")
    assert ImageShape(3, how.height, how.width).size == "64 x 48"
