from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.contracts import MetricValue
from ganzoo.data.cache import load_or_prepare
from ganzoo.data.fingerprint import fingerprint_of_files
from ganzoo.data.preparation import Preparation
from ganzoo.evaluation.cache import EvaluationCache
from ganzoo.folders import partial_path
from tests.cli.conftest import Ganzoo

DAY = 24 * 60 * 60
KEY = "0123456789abcdef" * 2


class Grays:
    """Two gray images."""

    class_names = ("all",)

    def __init__(self, fingerprint: str = "grays") -> None:
        self.fingerprint = fingerprint

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        return Image.new("L", (8, 8), index), 0


def age(path: Path, days: float) -> None:
    """Set the times of the last use to so many days ago."""
    for each in [*path.glob("*"), path]:
        os.utime(each, (time.time() - days * DAY,) * 2, follow_symlinks=False)


def download(folder: Path, name: str, content: bytes = b"images") -> Path:
    """A file as ``ganzoo.download`` writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    note = {"bytes": len(content), "sha256": "0" * 64}
    (folder / f".{name}.download.json").write_text(json.dumps(note))
    return folder / name


def unfinished(cache: Path, days: float) -> list[Path]:
    """Files of processes that were killed."""
    part = cache / f"prepared/.{KEY}.part"
    part.mkdir(parents=True)
    for name in ("rows.npy", "every_value.npy", "progress.json", ".progress.json.123.part"):
        (part / name).touch()
    (cache / "fingerprints").mkdir(exist_ok=True)
    (cache / "flowers").mkdir()
    (cache / "remote").mkdir()
    files = [
        cache / f"prepared/.{KEY}.lock",
        cache / f"prepared/.{KEY[::-1]}.lock",
        cache / f"fingerprints/.{'0' * 64}.txt.123.part",
        partial_path(cache / "flowers/begun.tgz"),
        partial_path(cache / f"remote/{KEY}-0-9.range"),
    ]
    for file in files:
        file.touch()
    for path in [part, *files]:
        age(path, days)
    return [part, *files]


@pytest.fixture
def full(own_cache: Path, tmp_path: Path) -> Path:
    """A cache with one entry of each kind."""
    load_or_prepare(Grays(), Preparation(resolution=8))
    (tmp_path / "a.txt").touch()
    fingerprint_of_files(tmp_path, ["a.txt"])
    download(own_cache / "mnist/fashion", "train.gz")
    return own_cache


def kept(ganzoo_command: Ganzoo) -> list[dict[str, Any]]:
    reported = json.loads(ganzoo_command("data", "cache", "list", "--json").out)
    found: list[dict[str, Any]] = reported["kept"]
    assert reported["bytes"] == sum(one["bytes"] for one in found)
    return found


def kinds(ganzoo_command: Ganzoo) -> list[str]:
    return [one["kind"] for one in kept(ganzoo_command)]


def cleared(ganzoo_command: Ganzoo, *flags: object) -> str:
    done = ganzoo_command("data", "cache", "clear", *flags, "--yes")
    assert done.status == 0, done.err
    return str(done.out)


def test_timings_of_training_steps_are_counted_and_deleted(
    ganzoo_command: Ganzoo, own_cache: Path
) -> None:
    (own_cache / "timings").mkdir()
    (own_cache / f"timings/{KEY}.json").write_text("{}")
    assert kinds(ganzoo_command) == ["timing"]
    assert "1 entries" in cleared(ganzoo_command, "--all")
    assert not kinds(ganzoo_command)


def test_everything_is_listed_with_its_size_and_date(ganzoo_command: Ganzoo, full: Path) -> None:
    one, _, load = kept(ganzoo_command)
    assert kinds(ganzoo_command) == ["prepared", "fingerprint", "download"]
    folder = full / one["path"]
    assert one["bytes"] == sum(file.stat().st_size for file in folder.iterdir())
    assert one["about"] == json.loads((folder / "about.json").read_text())
    assert one["last_used"] == time.strftime("%Y-%m-%d")
    assert load["path"] == "mnist/fashion/train.gz"
    reported = ganzoo_command("data", "cache").out
    assert reported == ganzoo_command("data", "cache", "list").out
    assert f"{one['path']} dataset=Grays images=2 resolution=8 fit=crop channels=auto" in reported
    assert "1 entries" in reported
    assert f" in {full}\n" in reported
    assert "other files" not in reported


def test_an_empty_cache_can_be_listed_and_cleared(ganzoo_command: Ganzoo, own_cache: Path) -> None:
    assert kept(ganzoo_command) == []
    assert ganzoo_command("data", "cache").out.endswith(f"total: 0 bytes in {own_cache}\n")
    assert cleared(ganzoo_command, "--all") == "there is nothing to delete\n"


@pytest.mark.parametrize(
    ("flags", "left"),
    [
        (["--prepared"], ["fingerprint", "download"]),
        (["--downloads"], ["prepared", "fingerprint"]),
        (["--prepared", "--downloads"], ["fingerprint"]),
        (["--all"], []),
    ],
)
def test_only_the_chosen_kinds_are_deleted(
    flags: list[str], left: list[str], ganzoo_command: Ganzoo, full: Path
) -> None:
    assert cleared(ganzoo_command, *flags).splitlines()[-1].startswith("deleted ")
    assert kinds(ganzoo_command) == left
    assert ("download" in left) == (full / "mnist/fashion/train.gz").exists()
    assert ("prepared" in left) == bool(list((full / "prepared").iterdir()))
    assert len(load_or_prepare(Grays(), Preparation(resolution=8))) == 2


def test_older_than_deletes_only_unused_entries(ganzoo_command: Ganzoo, full: Path) -> None:
    old = load_or_prepare(Grays("others"), Preparation(resolution=8)).identity
    age(full / "prepared" / old, 10)
    assert cleared(ganzoo_command, "--all", "--older-than", 11) == "there is nothing to delete\n"
    assert f"prepared/{old}" in cleared(ganzoo_command, "--all", "--older-than", 9.5)
    assert kinds(ganzoo_command) == ["prepared", "fingerprint", "download"]


def test_looking_at_the_cache_does_not_count_as_use(ganzoo_command: Ganzoo, full: Path) -> None:
    (folder,) = (full / "prepared").iterdir()
    age(folder, 10)
    age(download(full / "lists", "labels.json"), 10)
    ganzoo_command("data", "cache")
    for one in kept(ganzoo_command):
        if one["kind"] == "prepared" or "lists" in one["path"]:
            assert "2000" < one["last_used"] < time.strftime("%Y-%m-%d")


def test_features_and_baselines_are_counted_and_deleted(
    ganzoo_command: Ganzoo, own_cache: Path
) -> None:
    cache = EvaluationCache()
    cache.save_features(KEY, torch.zeros(2, 3))
    cache.save_values(KEY[::-1], {"fd": MetricValue(1.0, 2)})
    part = own_cache / f"evaluation/.{KEY}.npy.12-ab.part"
    part.touch()
    age(part, 2)
    assert kinds(ganzoo_command) == ["unfinished", *["evaluation"] * 3]
    reported = ganzoo_command("data", "cache").out
    assert "3 entries" in reported
    assert "other files" not in reported
    cleared(ganzoo_command, "--all")
    assert not list((own_cache / "evaluation").iterdir())


@pytest.mark.parametrize("flags", [["--prepared"], ["--downloads"], ["--all", "--older-than", 99]])
def test_unfinished_files_are_deleted_after_a_day(
    flags: list[str], ganzoo_command: Ganzoo, own_cache: Path
) -> None:
    left = unfinished(own_cache, days=0.9)
    assert kinds(ganzoo_command) == ["unfinished"] * 5
    assert cleared(ganzoo_command, *flags) == "there is nothing to delete\n"
    assert all(path.exists() for path in left)
    for path in left:
        age(path, 1.1)
    cleared(ganzoo_command, *flags)
    assert not any(path.exists() for path in left)


def test_a_lock_is_deleted_with_its_prepared_images(
    ganzoo_command: Ganzoo, own_cache: Path
) -> None:
    unfinished(own_cache, days=2)
    (own_cache / f"prepared/.{KEY}.part/rows.npy").touch()
    cleared(ganzoo_command, "--prepared")
    assert sorted(path.name for path in (own_cache / "prepared").iterdir()) == [
        f".{KEY}.lock",
        f".{KEY}.part",
    ]


def test_files_not_written_by_ganzoo_are_kept(
    ganzoo_command: Ganzoo, full: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    download(elsewhere, "mine.tgz")
    (elsewhere / KEY).mkdir()
    (elsewhere / KEY / "images.npy").touch()
    (set_,) = (full / "prepared").iterdir()
    (set_ / "notes.txt").touch()
    foreign = [
        full / "notes.txt",
        full / "flowers/mine.jpg",
        full / f"flowers/{'0' * 64}.txt",
        full / "flowers/tmpabcdefgh",
        full / "prepared/images.npy",
        full / f"prepared/{KEY}0/images.npy",
        full / "fingerprints/mine.txt",
        full / "mnist/fashion/mine.gz",
        set_ / "notes.txt",
        set_ / "images.npy",
    ]
    for file in foreign:
        file.parent.mkdir(exist_ok=True)
        file.touch()
    changed = download(full / "kmnist", "changed.gz")
    changed.write_text("something else of the user's")
    links = [full / f"prepared/{KEY}", full / "linked", full / "mnist/.link.gz.download.json"]
    links[0].symlink_to(elsewhere / KEY)
    links[1].symlink_to(elsewhere)
    links[2].symlink_to(elsewhere / ".mine.tgz.download.json")
    for path in (*foreign, elsewhere, elsewhere / KEY):
        age(path, 3)
    cleared(ganzoo_command, "--all")
    assert all(file.exists() for file in [*foreign, changed, *links])
    assert (elsewhere / "mine.tgz").exists()
    assert (elsewhere / KEY / "images.npy").exists()
    reported = ganzoo_command("data", "cache").out
    assert "other files" in reported
    assert "were not written by ganzoo; it keeps them" in reported


def test_a_cache_folder_may_be_a_link(
    ganzoo_command: Ganzoo, full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(full)
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "link"))
    assert len(kinds(ganzoo_command)) == 3


def test_prepared_images_in_use_can_be_deleted(ganzoo_command: Ganzoo, own_cache: Path) -> None:
    data = load_or_prepare(Grays(), Preparation(resolution=8))
    cleared(ganzoo_command, "--prepared")
    assert not list((own_cache / "prepared").iterdir())
    assert np.asarray(data.images).mean() == 0.5


def test_damaged_metadata_is_ignored(ganzoo_command: Ganzoo, full: Path) -> None:
    (set_,) = (full / "prepared").iterdir()
    for text in ("{", "[]", '"text"', '{"preparation": 3, "images": [1]}', "\0"):
        (set_ / "about.json").write_text(text)
        assert ganzoo_command("data", "cache").status == 0
        assert kinds(ganzoo_command)[0] == "prepared"


@pytest.mark.parametrize(("answer", "left"), [(True, 0), (False, 3)])
def test_clear_asks_in_a_terminal(
    answer: bool,
    left: int,
    ganzoo_command: Ganzoo,
    full: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def confirm(question: str, **more: Any) -> bool:
        asked.append(question)
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", confirm)
    assert ganzoo_command("data", "cache", "clear", "--all").status == 0
    assert len(asked) == 1
    assert len(kinds(ganzoo_command)) == left


def test_clear_requires_yes_without_a_terminal(ganzoo_command: Ganzoo, full: Path) -> None:
    assert "add --yes" in ganzoo_command("data", "cache", "clear", "--all").error
    assert len(kinds(ganzoo_command)) == 3


def test_clear_requires_a_choice(ganzoo_command: Ganzoo, full: Path) -> None:
    for flags in ((), ("--yes",), ("--older-than", 3, "--yes")):
        assert (
            "--prepared, --downloads, --remote or --all"
            in ganzoo_command("data", "cache", "clear", *flags).error
        )
    assert len(kinds(ganzoo_command)) == 3


@pytest.mark.parametrize("command", [[], ["list"], ["clear"]])
def test_help_has_an_example(command: list[str], ganzoo_command: Ganzoo) -> None:
    reported = ganzoo_command("data", "cache", *command, "--help").out
    assert "ganzoo data cache" in reported.partition("Usage: ")[2].partition("\n")[2]
