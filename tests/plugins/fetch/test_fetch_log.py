from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo import RequestError
from ganzoo_fetch.failure import Failed
from ganzoo_fetch.fetch_log import FILE, FetchLog, Outcome

IMAGE = 64 * "a" + ".jpg"


def test_outcomes_are_kept_and_the_last_one_of_a_url_counts(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    with FetchLog.opened(folder) as log:
        log.add(Outcome.failed("http://a", Failed("HTTP status 500", passes="soon")))
        log.add(Outcome.failed("http://b", Failed("not an image", "it is empty")))
    (folder / IMAGE).touch()
    with FetchLog.opened(folder) as log:
        log.add(Outcome("http://a", IMAGE))
    with FetchLog.opened(folder) as log:
        assert log.outcome("http://a") == Outcome("http://a", IMAGE)
        assert log.outcome("http://b") == Outcome(
            "http://b", "", "not an image", "it is empty", "never"
        )
        assert log.outcome("http://c") is None
    (folder / IMAGE).unlink()
    with FetchLog.opened(folder) as log:
        assert log.outcome("http://a") is None


def test_an_incomplete_line_is_removed_and_a_damaged_one_skipped(tmp_path: Path) -> None:
    with FetchLog.opened(tmp_path) as log:
        log.add(Outcome("http://a", reason="x"))
    whole = (tmp_path / FILE).read_bytes()
    damaged = b'\0\0\0\n[]\n{"address": ["b"]}\n{"address": "e", "file": "../../secret.jpg"}\n'
    (tmp_path / FILE).write_bytes(damaged + whole + whole.replace(b"//a", b"//b")[:-9])
    with FetchLog.opened(tmp_path) as log:
        assert log.outcome("http://a")
        assert log.outcome("http://b") is None
        assert log.outcome("e") is None
        log.add(Outcome("http://c", reason="x"))
    with FetchLog.opened(tmp_path) as log:
        assert log.outcome("http://a")
        assert log.outcome("http://c")


@pytest.mark.parametrize(
    "damaged",
    ['"\\ud800"', "5", "null", "[" * 100_000],
    ids=["half a pair", "number", "nothing", "nested"],
)
@pytest.mark.parametrize("name", ["reason", "detail", "passes"])
def test_a_line_with_values_that_are_not_text_is_skipped(
    tmp_path: Path, name: str, damaged: str
) -> None:
    (tmp_path / FILE).write_text(f'{{"address": "http://a", "{name}": {damaged}}}\n')
    with FetchLog.opened(tmp_path) as log:
        assert log.outcome("http://a") is None


def test_partial_downloads_of_a_killed_process_are_deleted(tmp_path: Path) -> None:
    with FetchLog.opened(tmp_path):
        (tmp_path / ".abc.part").touch()
    with FetchLog.opened(tmp_path):
        assert not list(tmp_path.glob(".*.part"))


def test_a_folder_is_locked_by_one_process(tmp_path: Path) -> None:
    with FetchLog.opened(tmp_path):
        part = tmp_path / ".abc.part"
        part.touch()
        with pytest.raises(RequestError, match="another process is fetching into"):
            FetchLog.opened(tmp_path).__enter__()
        assert part.exists()
    with FetchLog.opened(tmp_path):
        pass


def test_a_folder_with_other_files_is_refused_and_not_changed(tmp_path: Path) -> None:
    (tmp_path / "images.csv").write_text("mine")
    with pytest.raises(RequestError, match=r"has files but no fetched\.jsonl"):
        FetchLog.opened(tmp_path).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["images.csv"]


def test_a_folder_that_cannot_be_created_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(RequestError, match="cannot write into"):
            FetchLog.opened(folder).__enter__()
