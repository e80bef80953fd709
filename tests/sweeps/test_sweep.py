from __future__ import annotations

import errno
from pathlib import Path

import pytest

from ganzoo import RequestError
from ganzoo.sweeps.new_sweep import NewSweep
from ganzoo.sweeps.sweep import Sweep
from ganzoo.sweeps.sweep_file import FILE
from ganzoo.sweeps.trial import trials
from tests.sweeps.runs import run


def test_a_sweep_is_read_as_written(tmp_path: Path) -> None:
    new = trials([{"seed": "0"}, {"seed": "1"}], [run(), run()])
    Sweep.create(tmp_path / "sweep", new)
    assert Sweep.open(tmp_path / "sweep").trials == new


def test_unnamed_sweeps_are_numbered(tmp_path: Path) -> None:
    created = [Sweep.create_numbered(tmp_path / "new", "a+b", []).path.name for _ in range(2)]
    assert created == ["a+b-001", "a+b-002"]


def test_a_sweep_below_a_link_to_a_missing_drive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sweeps").symlink_to(tmp_path / "drive")
    with pytest.raises(RequestError, match="cannot create the sweep folder"):
        Sweep.create_numbered(tmp_path / "sweeps", "a", [])
    with pytest.raises(RequestError, match=r"a folder that does not exist: name .* --sweep-dir"):
        NewSweep([], "a", None).create(tmp_path / "sweeps" / "a", None)


def test_a_sweep_that_cannot_be_written_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ganzoo.sweeps.sweep_file.write_atomically", full)
    with pytest.raises(RequestError, match=r"create the sweep folder .*No space left on device"):
        Sweep.create(tmp_path / "sweep", [])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_created_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match="cannot create the sweep folder"):
        Sweep.create(tmp_path / "file" / "sweep", [])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"trials": [{}]}', '{"trials": [{"nam'])
def test_a_damaged_list_is_named_in_the_error(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(RequestError, match=r"cannot read .*sweep\.json: "):
        Sweep.open(tmp_path)
