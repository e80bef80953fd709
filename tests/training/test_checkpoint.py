from __future__ import annotations

import errno
import json
import os
import pickle
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo import RequestError
from ganzoo.ownership import LostOwnership, owned
from ganzoo.training import checkpoint, checkpoint_file
from ganzoo.training.checkpoint import Checkpoints
from ganzoo.training.checkpoint_file import FORMAT, read


def state(step: int) -> dict[str, Any]:
    return {"step": step, "images_seen": 8 * step, "weights": {"w": torch.full((100,), step)}}


def saved(folder: Path, *steps: int, keep: int = 3) -> Checkpoints:
    checkpoints = Checkpoints(folder, keep)
    for step in steps:
        checkpoints.save(state(step))
    return checkpoints


def test_load_returns_the_saved_state(tmp_path: Path) -> None:
    loaded = saved(tmp_path, 1, 2).load()
    assert loaded["step"] == 2
    assert torch.equal(loaded["weights"]["w"], torch.full((100,), 2))


def test_a_checkpoint_can_be_read_with_weights_only(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    loaded = torch.load(tmp_path / "step-0000001.pt", weights_only=True)
    assert loaded["format"] == FORMAT


def test_the_newest_checkpoints_are_kept(tmp_path: Path) -> None:
    saved(tmp_path, 5, 10, 20, 30, 2_000_000, keep=2)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "step-0000030.json",
        "step-0000030.pt",
        "step-2000000.json",
        "step-2000000.pt",
    ]


def test_checkpoints_are_sorted_by_step_not_by_name(tmp_path: Path) -> None:
    saved(tmp_path, 9_999_999, 10_000_000, keep=1)
    assert {path.stem for path in tmp_path.iterdir()} == {"step-10000000"}


def test_skipped_checkpoints_of_later_steps_do_not_count_as_kept(tmp_path: Path) -> None:
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
def test_a_damaged_checkpoint_is_skipped_and_reported(
    tmp_path: Path, damage: Any, ending: str
) -> None:
    checkpoints = saved(tmp_path, 1, 2)
    file = tmp_path / f"step-0000002.{ending}"
    file.write_bytes(damage(file.read_bytes()))
    warnings: list[str] = []
    assert checkpoints.load(warnings.append)["step"] == 1
    assert len(warnings) == 1
    assert "step-0000002" in warnings[0]


def test_a_checkpoint_without_its_description_is_skipped(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1, 2)
    (tmp_path / "step-0000002.json").unlink()
    assert checkpoints.load()["step"] == 1
    (tmp_path / "step-0000001.json").unlink()
    with pytest.raises(RequestError, match=r"step-0000001\.json cannot be read; a copy needs both"):
        checkpoints.load()


def test_if_all_checkpoints_are_damaged_the_error_lists_them(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1, 2)
    for path in tmp_path.glob("*.pt"):
        path.write_bytes(b"x")
    with pytest.raises(RequestError, match=r"no checkpoint is usable: .*0000002.*0000001"):
        checkpoints.load()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
def test_a_file_system_that_cannot_flush_folders_is_accepted(
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


def test_damaged_checkpoints_are_renamed_on_request(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1, 2, 3)
    for step in (2, 3):
        (tmp_path / f"step-000000{step}.pt").write_bytes(b"x")
    warnings: list[str] = []
    assert checkpoints.load(warnings.append, set_aside=True)["step"] == 1
    assert [line.split("; ")[-1] for line in warnings] == [
        "renamed to step-0000003.pt.corrupt",
        "renamed to step-0000002.pt.corrupt",
    ]
    assert [path.name for path in checkpoints.paths()] == ["step-0000001.pt"]
    assert (tmp_path / "step-0000003.pt.corrupt").read_bytes() == b"x"
    assert (tmp_path / "step-0000003.json.corrupt").is_file()


def test_if_all_checkpoints_are_damaged_none_is_renamed(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1)
    (tmp_path / "step-0000001.pt").write_bytes(b"x")
    for _ in range(2):
        with pytest.raises(RequestError, match="no checkpoint is usable"):
            checkpoints.load(set_aside=True)
    (tmp_path / "step-0000001.pt").rename(tmp_path / "step-0000001.pt.corrupt")
    with pytest.raises(RequestError, match=r"no checkpoint is usable: those in .* damaged"):
        checkpoints.load()


def test_permanent_checkpoints_and_the_best_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=1)
    for step in range(1, 7):
        checkpoints.save(state(step), permanent=step == 2)
        if step in (3, 4):
            checkpoints.mark_best(step, "fd", 1.0)
    kept = [int(path.stem.removeprefix("step-")) for path in checkpoints.paths()]
    assert kept == [6, 4, 2]


def test_a_checkpoint_that_cannot_be_removed_does_not_stop_a_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = saved(tmp_path, 1, 2, keep=1)
    unlink = Path.unlink

    def refuse(self: Path, missing_ok: bool = False) -> None:
        if self.name == "step-0000002.pt":
            raise PermissionError(13, "Permission denied")
        unlink(self, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        checkpoints.save(state(3))
    assert [path.name for path in checkpoints.paths()] == ["step-0000003.pt", "step-0000002.pt"]
    assert checkpoints.load()["step"] == 3


def test_checkpoints_are_sorted_by_step_not_by_time(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 1, 2)
    for path in tmp_path.glob("step-0000002.*"):
        os.utime(path, (0, 0))
    assert checkpoints.load()["step"] == 2


def test_a_save_without_enough_disk_space_fails_before_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = saved(tmp_path, 1)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(900, 800, 100))
    with pytest.raises(
        OSError, match=r"cannot write .*0000002\.pt: No space left on device, .* MB needed"
    ):
        checkpoints.save(state(2))
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_save_that_fills_the_disk_keeps_the_last_checkpoint(tmp_path: Path) -> None:
    import resource

    checkpoints = saved(tmp_path, 1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"cannot write the checkpoint .*: File too large"):
            checkpoints.save(state(2) | {"w": torch.rand(100, 100)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-0000001.json", "step-0000001.pt"]
    assert checkpoints.load()["step"] == 1


def test_a_run_of_another_owner_is_not_written(tmp_path: Path) -> None:
    run, checkpoints = tmp_path, tmp_path / "checkpoints"
    checkpoints.mkdir()
    with owned(run, lambda message: None) as owner:
        (run / "owner.json").write_text(json.dumps({"host": "elsewhere", "token": "another"}))
        with pytest.raises(LostOwnership, match="taken over"):
            Checkpoints(checkpoints, 3, owner).save(state(1))
    assert list(checkpoints.iterdir()) == []


def test_a_damaged_format_in_a_description_is_not_a_newer_format(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    about = tmp_path / "step-0000001.json"
    about.write_text(about.read_text().replace(f'"format": {FORMAT}', f'"format": {FORMAT + 1}'))
    assert read(tmp_path / "step-0000001.pt")["step"] == 1


def test_with_a_damaged_description_or_best_file_nothing_is_removed(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=1)
    for step in range(1, 4):
        checkpoints.save(state(step), permanent=step == 1)
        checkpoints.mark_best(step, "fd", 1.0)
    (tmp_path / "step-0000001.json").write_text("{")
    checkpoints.save(state(4))
    assert [path.stem[-1] for path in checkpoints.paths()] == ["4", "3", "1"]
    (tmp_path / "best.json").write_text("{")
    checkpoints.save(state(5))
    assert [path.stem[-1] for path in checkpoints.paths()] == ["5", "4", "3", "1"]
    with pytest.raises(RequestError, match=r"best\.json cannot be read"):
        checkpoints.find("best")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
@pytest.mark.parametrize("thing", ["pipe", "folder", "dangling link"])
def test_paths_that_are_not_files_are_skipped(tmp_path: Path, thing: str) -> None:
    checkpoints = saved(tmp_path, 1, 2)
    path = tmp_path / "step-0000002.pt"
    path.unlink()
    if thing == "pipe":
        os.mkfifo(path)
    elif thing == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    assert checkpoints.load()["step"] == 1


def test_a_checkpoint_that_is_removed_during_a_load_is_replaced_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = saved(tmp_path, 1, keep=1)
    original = read

    def remove_then_read(path: Path) -> Any:
        if path.name == "step-0000001.pt" and not list(tmp_path.glob("step-0000002.pt")):
            saved(tmp_path, 2, keep=1)
        return original(path)

    monkeypatch.setattr(checkpoint, "read", remove_then_read)
    warnings: list[str] = []
    assert checkpoints.load(warnings.append)["step"] == 2
    assert warnings == []


def test_a_removed_folder_is_created_again(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path / "checkpoints", 1)
    shutil.rmtree(tmp_path / "checkpoints")
    checkpoints.save(state(2))
    assert checkpoints.load()["step"] == 2


def test_loading_without_a_checkpoint_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="has no checkpoint yet"):
        Checkpoints(tmp_path, 3).load()


def test_a_newer_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_file, "FORMAT", FORMAT + 1)
        saved(tmp_path, 1)
    about = tmp_path / "step-0000001.json"
    with pytest.raises(RequestError, match=r"written by ganzoo 0\.1\.0 in format 4, .* upgrade"):
        read(tmp_path / "step-0000001.pt")
    saved(tmp_path, 2)
    (tmp_path / "step-0000001.pt").rename(tmp_path / "step-0000003.pt")
    about.rename(tmp_path / "step-0000003.json")
    with pytest.raises(RequestError, match="upgrade"):  # an older checkpoint would lose training
        Checkpoints(tmp_path, 3).load()


def test_an_older_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_file, "FORMAT", FORMAT - 1)
        saved(tmp_path, 1)
    refused = rf"in format {FORMAT - 1}, and ganzoo .* reads format {FORMAT}: use the version"
    with pytest.raises(RequestError, match=refused):
        Checkpoints(tmp_path, 3).load()


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
def test_a_failed_save_keeps_the_last_checkpoint(
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
