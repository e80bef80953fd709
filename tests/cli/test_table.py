from __future__ import annotations

from ganzoo.cli.table import table


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert list(table([("run", "state"), ("1", "finished"), ("1000", "")])) == [
        "run   state",
        "1     finished",
        "1000",
    ]
