from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ganzoo import (
    RequestError,
    fingerprint_of_file,
    fingerprint_of_files,
    fingerprint_of_folder,
)
from ganzoo.data import fingerprint

NAMES = ["a/1.png", "a/2.png", "b.png"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled(tmp_path / "folder")


def filled(folder: Path) -> Path:
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_a_fingerprint_depends_on_the_content_not_the_path(folder: Path, tmp_path: Path) -> None:
    first = fingerprint_of_files(folder, NAMES)
    assert len(first) == 64
    assert fingerprint_of_files(filled(tmp_path / "elsewhere"), NAMES) == first
    folder.rename(tmp_path / "renamed")
    assert fingerprint_of_files(tmp_path / "renamed", NAMES) == first


def test_a_byte_a_name_or_a_missing_file_changes_the_fingerprint(folder: Path) -> None:
    first = fingerprint_of_files(folder, NAMES)
    (folder / "b.png").rename(folder / "c.png")
    renamed = fingerprint_of_files(folder, ["a/1.png", "a/2.png", "c.png"])
    fewer = fingerprint_of_files(folder, NAMES[:2])
    missing = fingerprint_of_files(folder, NAMES)
    (folder / "b.png").write_text("B.png")
    changed = fingerprint_of_files(folder, NAMES)
    assert len({first, renamed, fewer, missing, changed}) == 5


def test_files_are_read_again_only_when_they_change(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fingerprint_of_files(folder, NAMES)
    with monkeypatch.context() as patch:
        patch.setattr(fingerprint, "_content", lambda path: pytest.fail(f"read {path} again"))
        assert fingerprint_of_files(folder, NAMES) == first
    (folder / "b.png").write_text("other")
    os.utime(folder / "b.png", ns=(1, 1))
    second = fingerprint_of_files(folder, NAMES)
    (folder / "b.png").write_text("again")
    os.utime(folder / "b.png", ns=(2, 2))
    assert len({first, second, fingerprint_of_files(folder, NAMES)}) == 3


def test_other_content_with_the_same_size_and_time_is_detected(folder: Path) -> None:
    file = folder / "b.png"
    first = fingerprint_of_files(folder, NAMES), fingerprint_of_file(file)
    before = file.stat()
    time.sleep(0.02)  # the resolution of file times may be this low
    file.write_text("B.png")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    second = fingerprint_of_files(folder, NAMES), fingerprint_of_file(file)
    assert not set(first) & set(second)


def test_an_unreadable_file_is_read_again_although_it_has_not_changed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fingerprint_of_files(folder, NAMES[1:])
    with monkeypatch.context() as patch:
        patch.setattr(fingerprint, "_content", lambda path: None)
        assert fingerprint_of_files(folder, NAMES) != whole
    assert fingerprint_of_files(folder, NAMES) == fingerprint_of_files(
        filled(folder.with_name("again")), NAMES
    )


def test_an_unwritable_cache_is_ignored(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fingerprint_of_files(folder, NAMES)
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "file" / "below"))
    assert fingerprint_of_files(folder, NAMES) == first


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_of_other_paths_only_the_name_counts(folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")
    (folder / "dangling.png").symlink_to("nowhere")
    names = [*NAMES, "pipe.png", "dangling.png", "a"]
    assert fingerprint_of_files(folder, names) != fingerprint_of_files(folder, NAMES)


def test_names_may_contain_any_bytes(tmp_path: Path) -> None:
    assert len(fingerprint_of_files(tmp_path, ["\udcff.png", "new\nline.png"])) == 64


def test_of_a_single_file_only_the_content_counts(tmp_path: Path) -> None:
    for name, text in {"a.h5": "same", "b/c.npy": "same", "d.h5": "other"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    first = fingerprint_of_file(tmp_path / "a.h5")
    assert len(first) == 64
    assert fingerprint_of_file(tmp_path / "b/c.npy") == first
    assert fingerprint_of_file(tmp_path / "d.h5") != first


def test_a_single_file_is_read_again_only_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.h5"
    path.write_text("first")
    first = fingerprint_of_file(path)
    with monkeypatch.context() as patch:
        patch.setattr(fingerprint, "_content", lambda path: pytest.fail(f"read {path} again"))
        assert fingerprint_of_file(path) == first
    path.write_text("other")
    os.utime(path, ns=(1, 1))
    assert fingerprint_of_file(path) != first


def test_a_single_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(RequestError, match=f"cannot read {path}: check that it is a file"):
            fingerprint_of_file(path)


def test_the_fingerprint_of_a_folder_includes_all_files_and_follows_links(
    folder: Path, tmp_path: Path
) -> None:
    first = fingerprint_of_folder(folder)
    assert first == fingerprint_of_files(folder, NAMES)
    (folder / "a/back").symlink_to(folder)
    assert fingerprint_of_folder(folder) == first
    (folder / "linked").symlink_to(filled(tmp_path / "elsewhere"))
    linked = fingerprint_of_folder(folder)
    (tmp_path / "elsewhere/b.png").write_text("other")
    assert len({first, linked, fingerprint_of_folder(folder)}) == 3


def test_an_unreadable_subfolder_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def refuse(path: str) -> object:
        if Path(path) == folder / "a":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(RequestError, match=f"cannot read the folder {folder / 'a'}: Permission"):
        fingerprint_of_folder(folder)
