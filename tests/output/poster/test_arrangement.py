from __future__ import annotations

import pytest

from ganzoo.output.poster.arrangement import filling_cells, labeled_rows


@pytest.mark.parametrize("size", [(2000.0, 1400.0), (600.0, 2000.0), (1500.0, 1500.0)])
@pytest.mark.parametrize("aspect", [1.0, 0.5, 2.0])
@pytest.mark.parametrize("count", [1, 12, 40])
def test_boxes_fill_the_width_and_most_of_the_height(
    size: tuple[float, float], aspect: float, count: int
) -> None:
    width, height = size
    cells = filling_cells(count, width, height, aspect, gap=10)
    assert cells
    assert cells.lefts(5)[-1] + cells.width == pytest.approx(5 + width)
    assert cells.width / cells.height == pytest.approx(aspect)
    assert cells.tops(0)[-1] + cells.height == pytest.approx(cells.total_height)
    if count == 40:
        assert 0.75 * height < cells.total_height <= height
        assert 20 <= cells.columns * cells.rows <= 80


def test_a_low_rectangle_has_no_boxes() -> None:
    assert filling_cells(40, 2000, 20, aspect=1.0, gap=10) is None
    few = filling_cells(1, 2000, 300, aspect=1.0, gap=10)
    assert few
    assert few.total_height <= 300


@pytest.mark.parametrize("rows", [1, 3, 12])
def test_labeled_rows_fit_into_the_height(rows: int) -> None:
    cells = labeled_rows(rows, 1800, 1400, aspect=1.0, gap=10)
    assert cells.rows == rows
    assert cells.columns >= 8
    assert cells.total_height <= 1400 + 1e-6
    assert cells.lefts(0)[-1] + cells.width == pytest.approx(1800)
