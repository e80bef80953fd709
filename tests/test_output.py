"""The commands of the tutorials work in their order, and print what the pages show."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[1] / "docs"
SCRIPT = runpy.run_path(str(DOCS / "output.py"))
PAGES: list[str] = [*SCRIPT["PAGES"], *SCRIPT["EXCERPTS"]]
comparable: Callable[[str], list[str]] = SCRIPT["comparable"]


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_print_what_it_shows(page: str, tmp_path: Path) -> None:
    printed: dict[str, str] = SCRIPT["outputs"](page, tmp_path)
    for name, text in printed.items():
        shown = (DOCS / "output" / f"{name}.txt").read_text("utf-8")
        assert comparable(text) == comparable(shown), f"run `python docs/output.py {page}`"


def test_every_output_is_shown_after_the_commands_that_print_it() -> None:
    printed = [b.output for page in PAGES for b in SCRIPT["blocks"](page) if b.output]
    assert sorted(printed) == sorted(path.stem for path in (DOCS / "output").glob("*.txt"))
    pages = "".join(page.read_text("utf-8") for page in DOCS.rglob("*.md"))
    assert sorted(re.findall(r"output/([\w-]+)\.txt$", pages, re.MULTILINE)) == sorted(printed)


@pytest.mark.parametrize(
    ("printed", "same"),
    [
        ("step 9/9  50 images/s\nfd  0.1  lower", True),  # another speed
        ("step 1/9  7 images/s\nstep 9/9  70 images/s\nfd  -1e-05  lower", True),
        ("step 9/9  50 images/s\nfd  0.1  higher", False),
        ("step 9/9  50 images/s\nkid  0.1  lower", False),
        ("step 9/9  50 images/s", False),
    ],
)
def test_only_numbers_and_progress_may_differ(printed: str, same: bool) -> None:
    shown = "step 3/9  41 images/s\nstep 9/9  45 images/s\nfd  13.25  lower"
    assert (comparable(printed) == comparable(shown)) is same


def test_long_progress_is_shortened(tmp_path: Path) -> None:
    lines = ["start", *(f"step {i}/9  5 images/s" for i in range(1, 10)), "end"]
    shortened: Any = SCRIPT["_normalized"]("\n".join(lines), tmp_path)
    steps = [f"step {i}/9  5 images/s" for i in (1, 2, 9)]
    assert shortened.splitlines() == ["start", *steps[:2], "...", steps[2], "end"]
