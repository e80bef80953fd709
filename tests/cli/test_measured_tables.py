from __future__ import annotations

import json
from pathlib import Path

import pytest

from ganzoo import (
    MeasuredImages,
    MeasuredMachine,
    MeasuredPoint,
    MeasuredResult,
    RecipeSpec,
    dump_results,
)
from ganzoo.cli.measured_tables import measured_tables
from tests.cli.conftest import Ganzoo

RESULT = MeasuredResult(
    images=MeasuredImages(name="flowers", count=4317, shape=(3, 32, 48)),
    machine=MeasuredMachine(name="a processor", operations_per_second=1e11),
    extractor="random",
    samples=2000,
    real=4000,
    baselines={"kid": 0.00012},
    points=(
        MeasuredPoint(images_seen=40_000, seconds=120, metrics={"kid": 0.51234, "fd": 300.4}),
        MeasuredPoint(images_seen=210_000, seconds=600, metrics={"kid": 0.4, "fd": 250}),
    ),
)
"""A result with two moments."""


def test_a_table_has_a_row_for_each_moment_and_seed_and_the_baselines() -> None:
    ((title, rows),) = measured_tables([RESULT, RESULT.model_copy(update={"seed": 1})])
    assert title == (
        "4,317 images (flowers) of 48 x 32 pixels on a processor, 1 thread; 2,000 generated and "
        "4,000 real images, extractor random"
    )
    assert rows == [
        ("seed", "seconds", "images seen", "kid", "fd"),
        ("0", "120", "40,000", "0.512", "300"),
        ("0", "600", "210,000", "0.4", "250"),
        ("1", "120", "40,000", "0.512", "300"),
        ("1", "600", "210,000", "0.4", "250"),
        ("baseline", "", "", "0.00012", ""),
    ]


def test_results_that_cannot_be_compared_have_tables_of_their_own() -> None:
    other = RESULT.model_copy(update={"extractor": "effnet-lite0", "baselines": {}})
    tables = list(measured_tables([RESULT, other]))
    assert [len(rows) for _, rows in tables] == [4, 3]
    assert list(measured_tables([])) == []


def test_info_shows_what_a_recipe_has_reached(
    ganzoo_command: Ganzoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "measured.py"
    file.write_text(
        "from ganzoo import RecipeSpec, hookimpl\n"
        "@hookimpl\n"
        "def ganzoo_recipes():\n"
        "    yield RecipeSpec(name='measured', summary='Small.', settings='x/y', results='x/z')\n"
    )
    monkeypatch.setattr(RecipeSpec, "read", lambda self: 'dataset = "blossoms"')
    monkeypatch.setattr(RecipeSpec, "read_results", lambda self: (RESULT,))
    shown = ganzoo_command("info", "measured", "--plugin", str(file)).out
    assert "\nmeasured: 4,317 images (flowers) of 48 x 32 pixels" in shown
    assert "\n  0         600      210,000      0.4      250\n" in shown
    (facts,) = json.loads(ganzoo_command("info", "measured", "--plugin", str(file), "--json").out)
    assert facts["results"] == json.loads(dump_results((RESULT,)))
