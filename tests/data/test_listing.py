from __future__ import annotations

import pytest

from ganzoo import find_images
from ganzoo.data import formats, listing

STARTS = {"png": b"\x89PNG\r\n\x1a\n", "photo": b"\0\0\0\x18ftypheic" + bytes(8), "text": b"text"}


def start(name: str) -> bytes:
    return STARTS.get(name.rpartition("/")[2], b"")


@pytest.fixture
def without_heif(monkeypatch: pytest.MonkeyPatch) -> None:
    remedy = "install pillow-heif to read them"
    readable = tuple(suffix for suffix in listing._READABLE if suffix != ".heic")
    monkeypatch.setattr(listing, "_READABLE", readable)
    monkeypatch.setattr(listing, "_REMEDIES", listing._REMEDIES | {".heic": remedy})
    known = next(known for known in formats.FORMATS if known.name == "HEIC")
    without = formats.Format("HEIC", known.suffixes, known.matches, known.read, remedy)
    monkeypatch.setattr(
        listing, "format_of", lambda start: without if known.matches(start) else None
    )


@pytest.mark.usefixtures("without_heif")
def test_files_of_other_formats_are_counted_with_a_remedy() -> None:
    names = ["a.png", *(f"{n}.HEIC" for n in range(40)), "photo", "deep/photo", "x.zip", "text"]
    assert find_images(names, start) == (
        ["a.png"],
        [
            "left out 43 files: 40 .heic (install pillow-heif to read them), "
            "2 HEIC without a suffix (install pillow-heif to read them), 1 .zip"
        ],
    )


def test_all_formats_are_known_by_their_suffixes_in_any_case() -> None:
    names = sorted(f"x{suffix}" for known in formats.READABLE for suffix in known.suffixes)
    assert find_images([name.upper() for name in names], start).names == [n.upper() for n in names]


def test_files_without_a_suffix_are_recognized_by_content() -> None:
    assert find_images(["b/png", "text", "a/png"], start) == (["a/png", "b/png"], [])


def test_many_suffixes_are_summarized() -> None:
    (note,) = find_images([f"x.z{letter}" for letter in "abcdef"], start).notes
    assert note == "left out 6 files: 1 .za, 1 .zb, 1 .zc, 1 .zd and 2 more"


def test_texts_and_hidden_files_are_left_out_without_a_note() -> None:
    names = [".x.psd", ".trash/y.psd", "__MACOSX/z.psd", "a.txt", "labels.csv", "Thumbs.db"]
    assert find_images(names, start) == ([], [])


def test_run_folders_are_left_out_except_the_top_folder() -> None:
    runs = [f"runs/{n}/{file}" for n in range(6) for file in ("run.toml", "samples/x.png")]
    found = find_images(["run.toml", "a.png", "runs/y.png", *runs], start)
    assert found.names == ["a.png", "runs/y.png"]
    said = "runs/0, runs/1, runs/2, runs/3 and 2 more"
    assert found.notes == [f"left out 6 folders of runs and their files: {said}"]
