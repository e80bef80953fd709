from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo import RequestError
from ganzoo.fetching.failure import Failed
from ganzoo.fetching.fetch_log import FILE, FetchLog, Outcome

IMAGE = 64 * "a" + ".jpg"


def test_outcomes_are_kept_and_the_last_one_holds(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    with FetchLog.opened(folder) as ledger:
        ledger.add(Outcome.failed("http://a", Failed("HTTP status 500", passes="soon")))
        ledger.add(Outcome.failed("http://b", Failed("no image", "it is empty")))
    (folder / IMAGE).touch()
    with FetchLog.opened(folder) as ledger:
        ledger.add(Outcome("http://a", IMAGE))
    with FetchLog.opened(folder) as ledger:
        assert ledger.outcome("http://a") == Outcome("http://a", IMAGE)
        assert ledger.outcome("http://b") == Outcome(
            "http://b", "", "no image", "it is empty", "never"
        )
        assert ledger.outcome("http://c") is None
    (folder / IMAGE).unlink()
    with FetchLog.opened(folder) as ledger:
        assert ledger.outcome("http://a") is None


def test_a_torn_line_is_dropped_and_a_damaged_one_passed_over(tmp_path: Path) -> None:
    with FetchLog.opened(tmp_path) as ledger:
        ledger.add(Outcome("http://a", reason="x"))
    whole = (tmp_path / FILE).read_bytes()
    damaged = b'\0\0\0\n[]\n{"address": ["b"]}\n{"address": "e", "file": "../../secret.jpg"}\n'
    (tmp_path / FILE).write_bytes(damaged + whole + whole.replace(b"//a", b"//b")[:-9])
    with FetchLog.opened(tmp_path) as ledger:
        assert ledger.outcome("http://a")
        assert ledger.outcome("http://b") is None
        assert ledger.outcome("e") is None
        ledger.add(Outcome("http://c", reason="x"))
    with FetchLog.opened(tmp_path) as ledger:
        assert ledger.outcome("http://a")
        assert ledger.outcome("http://c")


@pytest.mark.parametrize(
    "damaged",
    ['"\\ud800"', "5", "null", "[" * 100_000],
    ids=["half a pair", "number", "nothing", "nested"],
)
@pytest.mark.parametrize("name", ["reason", "detail", "passes"])
def test_a_line_of_what_are_no_texts_is_passed_over(
    tmp_path: Path, name: str, damaged: str
) -> None:
    (tmp_path / FILE).write_text(f'{{"address": "http://a", "{name}": {damaged}}}\n')
    with FetchLog.opened(tmp_path) as ledger:
        assert ledger.outcome("http://a") is None


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    with FetchLog.opened(tmp_path):
        (tmp_path / ".abc.part").touch()
    with FetchLog.opened(tmp_path):
        assert not list(tmp_path.glob(".*.part"))


def test_a_folder_is_for_one_process_at_a_time(tmp_path: Path) -> None:
    with FetchLog.opened(tmp_path):
        part = tmp_path / ".abc.part"
        part.touch()
        with pytest.raises(RequestError, match="another process is fetching into"):
            FetchLog.opened(tmp_path).__enter__()
        assert part.exists()
    with FetchLog.opened(tmp_path):
        pass


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "images.csv").write_text("mine")
    with pytest.raises(RequestError, match=r"holds other things, and no fetched\.jsonl"):
        FetchLog.opened(tmp_path).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["images.csv"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(RequestError, match="cannot write in"):
            FetchLog.opened(folder).__enter__()
