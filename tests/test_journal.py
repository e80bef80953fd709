from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ganzoo.journal import Journal

SPEED = "speed/images_per_second"


def journal(folder: Path, *lines: dict[str, Any] | str) -> Journal:
    path = folder / "metrics.jsonl"
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("\n".join(texts))
    return Journal.read(path)


def test_a_missing_file_is_an_empty_journal(tmp_path: Path) -> None:
    found = Journal.read(tmp_path / "metrics.jsonl")
    assert (found.steps, found.images_seen, found.images_per_second) == (None, None, None)
    assert found.last("loss/") == {}


def test_the_mean_speed_is_weighted_by_images(tmp_path: Path) -> None:
    found = journal(
        tmp_path,
        {"step": 1, "images_seen": 100, SPEED: 100.0},
        {"step": 2, "images_seen": 400, SPEED: 50.0},
    )
    assert found.images_per_second == pytest.approx(400 / 7)


def test_lines_of_evaluations_do_not_change_the_mean_speed(tmp_path: Path) -> None:
    found = journal(
        tmp_path,
        {"step": 1, "images_seen": 8, SPEED: 4.0, "loss/generator": 2.0},
        {"step": 1, "images_seen": 8, "metric/kid": 0.5},
        {"step": 2, "images_seen": 16, SPEED: 4.0, "loss/generator": 1.0},
    )
    assert found.images_per_second == 4
    assert found.last("loss/", "metric/") == {"loss/generator": 1.0, "metric/kid": 0.5}
    assert (found.steps, found.images_seen) == (2, 16)


@pytest.mark.parametrize(
    "invalid",
    [
        '{"step": 2, "images_',
        "[1, 2]",
        "[" * 99_999,
        '{"step": "two", "images_seen": 16}',
        '{"step": NaN, "images_seen": 16}',
        f'{{"step": {10**400}, "images_seen": 16}}',
        "\udcff".encode("utf-8", "replace").decode(),
    ],
)
def test_an_invalid_line_is_skipped(tmp_path: Path, invalid: str) -> None:
    assert journal(tmp_path, {"step": 1, "images_seen": 8}, invalid).steps == 1


def test_a_value_that_is_not_a_number_is_skipped(tmp_path: Path) -> None:
    line = {"step": 1, "images_seen": 8}
    found = journal(
        tmp_path, line | {"loss/generator": 2.0}, line | {"loss/generator": None, "loss/a": "b"}
    )
    assert found.last("loss/") == {"loss/generator": 2.0}
