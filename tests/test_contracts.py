from __future__ import annotations

from ganzoo.contracts import ImageShape
from ganzoo.data.preparation import Preparation


def test_a_size_is_shown_in_the_order_of_the_setting() -> None:
    how = Preparation(resolution="64x48")
    assert ImageShape(3, how.height, how.width).size == "64 x 48"
