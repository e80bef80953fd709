from __future__ import annotations

import pytest

from ganzoo import RequestError
from ganzoo.planning.budget import budget_seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 90),
        ("10m", 600),
        ("1h", 3600),
        ("1.5h", 5400),
        ("2d", 172_800),
        ("90 minutes", 5400),
        ("1 hour", 3600),
        ("0.5 hours", 1800),
        (" 1h ", 3600),
        ("1 h", 3600),
        ("10min", 600),
        ("10 min", 600),
        ("10minutes", 600),
    ],
)
def test_a_time_is_written_short_or_long(text: str, expected: float) -> None:
    assert budget_seconds(text) == expected


@pytest.mark.parametrize("text", ["1", "h", "-1h", "0h", "1w", "1h30m", "", "10 x"])
def test_another_text_is_refused_with_examples(text: str) -> None:
    with pytest.raises(RequestError, match=r"write 90s, 10m, 1\.5h, 2d or such"):
        budget_seconds(text)


@pytest.mark.parametrize("text", ["29s", "400d", "1 second"])
def test_too_short_and_too_long_times_are_refused(text: str) -> None:
    with pytest.raises(RequestError, match="write a time from 30s to 366d"):
        budget_seconds(text)
