from __future__ import annotations

import errno
import json
import os
import pickle
import stat
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo import RequestError
from ganzoo.training.checkpoint import FORMAT, Checkpoints, read


def state(step: int) -> dict[str, Any]:
    return {"step": step, "images_seen": 8 * step, "weights": {"w": torch.full((100,), step)}}


def saved(folder: Path, *steps: int, keep: int = 3) -> Checkpoints:
    checkpoints = Checkpoints(folder, keep)
    for step in steps:
        checkpoints.save(state(step))
    return checkpoints


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    loaded = saved(tmp_path, 1, 2).load()
    assert loaded["step"] == 2
    assert torch.equal(loaded["weights"]["w"], torch.full((100,), 2))


def test_anyone_can_read_it_without_running_code(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    loaded = torch.load(tmp_path / "step-0000001.pt", weights_only=True)
    assert loaded["format"] == FORMAT


def test_the_newest_are_kept(tmp_path: Path) -> None:
    saved(tmp_path, 5, 10, 20, 30, 2_000_000, keep=2)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "step-0000030.json",
        "step-0000030.pt",
        "step-2000000.json",
        "step-2000000.pt",
    ]


def test_steps_are_numbers_not_names(tmp_path: Path) -> None:
    saved(tmp_path, 9_999_999, 10_000_000, keep=1)
    assert {path.stem for path in tmp_path.iterdir()} == {"step-10000000"}


def test_a_newer_one_that_was_passed_over_takes_no_place(tmp_path: Path) -> None:
    saved(tmp_path, 10, 20, 15, keep=1)
    assert {path.stem for path in tmp_path.iterdir()} == {"step-0000015", "step-0000020"}


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [flip, lambda data: data[:-2], lambda data: data[:1], lambda data: b"", lambda data: data * 2],
    ids=["one bit", "two bytes short", "one byte", "empty", "doubled"],
)
@pytest.mark.parametrize("ending", ["pt", "json"])
def test_a_damaged_one_is_passed_over_and_said(tmp_path: Path, damage: Any, ending: str) -> None:
    checkpoints = saved(tmp_path, 1, 2)
    file = tmp_path / f"step-0000002.{ending}"
    file.write_bytes(damage(file.read_bytes()))
    told: list[str] = []
    assert checkpoints.load(told.append)["step"] == 1
    assert len(told) == 1
    assert "step-0000002" in told[0]


def test_one_without_its_description_does_not_count(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1, 2)
    (tmp_path / "step-0000002.json").unlink()
    assert checkpoints.load()["step"] == 1


def test_all_damaged_is_an_error_that_lists_them(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1, 2)
    for path in tmp_path.glob("*.pt"):
        path.write_bytes(b"x")
    with pytest.raises(RequestError, match=r"no checkpoint can be used: .*0000002.*0000001"):
        checkpoints.load()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
def test_a_drive_that_cannot_flush_folders_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    flush = os.fsync

    def refuse(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    if number == errno.EIO:
        with pytest.raises(OSError, match="Input/output error"):
            saved(tmp_path, 1)
    else:
        assert saved(tmp_path, 1).load()["step"] == 1


def test_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="has no checkpoint yet"):
        Checkpoints(tmp_path, 3).load()


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    about = tmp_path / "step-0000001.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"format": FORMAT + 1}))
    with pytest.raises(RequestError, match="written by a newer ganzoo"):
        read(tmp_path / "step-0000001.pt")


class Malicious:
    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('ran')",))


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, 3)
    checkpoints.save({"step": 1, "images_seen": 1, "bad": Malicious()})
    with pytest.raises(RequestError, match="cannot be read"):
        read(tmp_path / "step-0000001.pt")
    (tmp_path / "step-0000001.pt").write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(RequestError):
        checkpoints.load()


@pytest.mark.parametrize("point", ["torch.save", "os.fsync", "pathlib.Path.replace"])
def test_a_failed_save_leaves_the_last_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    checkpoints = saved(tmp_path, 1)

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(point, fail)
        with pytest.raises(OSError, match="No space left"):
            checkpoints.save(state(2))
    assert checkpoints.load()["step"] == 1
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith("pt.part")] == []
