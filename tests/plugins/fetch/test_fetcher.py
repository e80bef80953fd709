from __future__ import annotations

import csv
import dataclasses
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ganzoo import open_image
from ganzoo_fetch import fetcher
from ganzoo_fetch.fetch_log import FILE, FetchLog
from ganzoo_fetch.fetcher import fetch
from ganzoo_fetch.lists import Entry
from ganzoo_fetch.transfer import Limits


def entries(urls: Iterable[str]) -> list[Entry]:
    return [Entry(url) for url in urls]


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def images_in(folder: Path) -> list[Path]:
    paths = [path for path in folder.iterdir() if path.suffix == ".png"]
    for path in paths:
        open_image(path)
    return paths


def test_fetching_a_list_makes_images_and_two_tables(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    server.answers = {
        "/a": answers.content(answers.encoded("PNG")),
        "/b": answers.content(answers.encoded("JPEG")),
        "/twin": answers.content(answers.encoded("PNG")),
        "/html": answers.content(b"<html></html>", "image/png"),
        "/again": answers.one_by_one(
            answers.status(429, Retry_After="0"), answers.content(answers.encoded("PNG", 9))
        ),
        "/broken": answers.status(500),
    }
    asked = [
        Entry(server.url("/b"), "a bee, on a\nrose", "red"),
        Entry(server.url("/html")),
        Entry(server.url("/a"), "first"),
        Entry(server.url("/gone")),
        Entry(server.url("/a"), "second"),
        Entry(server.url("/broken")),
        Entry(server.url("/again")),
        Entry(server.url("/twin")),
        Entry("ftp://a/b"),
    ]
    seen: list[tuple[int, int, int]] = []
    report = fetch(
        asked, tmp_path, local, labeled=True, watch=lambda *numbers: seen.append(numbers)
    )
    assert (report.fetched, report.already_there, report.failed, report.not_yet) == (4, 0, 4, 0)
    assert report.reasons == {
        "HTTP status 404": 1,
        "HTTP status 500": 1,
        "not an image": 1,
        "not an http or https URL": 1,
    }
    assert not report.stopped
    assert seen[0] == (0, 8, 0)
    assert seen[-1] == (8, 8, 4)
    assert server.asked == {
        **{"/a": 1, "/b": 1, "/twin": 1, "/html": 1, "/gone": 1},
        **{"/again": 2, "/broken": 4},
    }
    head, *table = rows(tmp_path / "images.csv")
    assert head == ["file", "address", "description", "label"]
    assert [row[1:] for row in table] == [list(asked[i]) for i in (0, 2, 4, 6, 7)]
    assert table[1][0] == table[2][0] == table[4][0] != table[3][0]
    files = {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}
    assert files == {row[0] for row in table} | {"images.csv", "failures.csv", FILE}
    failures = rows(tmp_path / "failures.csv")
    assert failures[:2] == [
        ["address", "reason", "detail"],
        [server.url("/html"), "not an image", failures[1][2]],
    ]
    assert [row[0] for row in failures[2:]] == [
        server.url("/gone"),
        server.url("/broken"),
        "ftp://a/b",
    ]


def test_the_next_run_requests_lost_images_and_temporary_failures_only(
    server: Any, answers: Any, tmp_path: Path, local: Limits
) -> None:
    good = answers.content(answers.encoded("PNG"))
    server.answers = {"/a": good, "/lost": good, "/broken": answers.status(503), "/large": good}
    server.answers["/large"] = answers.content(answers.encoded("PNG", 9) + bytes(1000))
    asked = entries(server.url(f"/{name}") for name in ("a", "gone", "lost", "broken", "large"))
    small = dataclasses.replace(local, retries=0, max_bytes=999)
    assert fetch(asked, tmp_path, small).fetched == 2
    server.answers["/lost"] = answers.content(answers.encoded("PNG", 5))
    for path in images_in(tmp_path):
        path.unlink()
    server.answers["/broken"] = answers.content(answers.encoded("PNG", 7))
    server.asked.clear()
    report = fetch(asked, tmp_path, local)
    assert (report.fetched, report.already_there, report.failed) == (4, 0, 1)
    assert server.asked == {"/a": 1, "/lost": 1, "/broken": 1, "/large": 1}
    server.asked.clear()
    report = fetch([*asked, Entry(server.url("/gone"))], tmp_path, local)
    assert (report.fetched, report.already_there, report.failed) == (0, 4, 1)
    assert not server.asked
    assert len(rows(tmp_path / "images.csv")) == 5
    assert rows(tmp_path / "images.csv")[0] == ["file", "address", "description"]
    assert len(rows(tmp_path / "failures.csv")) == 2


def test_requests_at_once_are_limited_per_host_and_in_total(
    server: Any, answers: Any, names: dict[str, list[str]], tmp_path: Path, local: Limits
) -> None:
    waiting, counts = 0, []

    def late(request: Any) -> None:
        nonlocal waiting
        with server.lock:
            waiting += 1
            counts.append(waiting)
        time.sleep(0.01)
        with server.lock:  # before the response, after which the client may send the next request
            waiting -= 1
        answers.content(answers.encoded("PNG"))(request)

    names["other.test"] = ["127.0.0.1"]
    paths = [f"/{i}" for i in range(12)]
    server.answers = dict.fromkeys(paths, late)
    server.answers |= {f"/to{path}": answers.redirect(server.url(path)) for path in paths}
    hosts = itertools.cycle(["127.0.0.1", "other.test"])
    asked = entries(
        server.url(path, host) for path, host in zip(server.answers, hosts, strict=False)
    )
    report = fetch(asked, tmp_path / "4", dataclasses.replace(local, per_host=2))
    assert report.fetched == 24
    assert 2 <= max(counts) <= 4
    counts.clear()
    fetch(asked, tmp_path / "1", dataclasses.replace(local, per_host=8, jobs=1))
    assert max(counts) == 1


def test_pauses_double_and_differ_by_url_and_are_reproducible() -> None:
    for attempt in range(4):
        pauses = [fetcher._pause(f"http://a/{i}", attempt) for i in range(20)]
        assert all(0.5 * 2**attempt <= pause <= 1.5 * 2**attempt for pause in pauses)
        assert len(set(pauses)) == 20
        assert pauses == [fetcher._pause(f"http://a/{i}", attempt) for i in range(20)]


def test_a_full_disk_stops_fetching_and_the_error_names_the_folder(
    server: Any, answers: Any, tmp_path: Path, local: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [f"/{i}" for i in range(20)]
    server.answers = dict.fromkeys(paths, answers.content(answers.encoded("PNG")))

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=rf"cannot fetch into {tmp_path}: No space left"):
        fetch(entries(map(server.url, paths)), tmp_path, local)
    assert sum(server.asked.values()) < 20
    monkeypatch.undo()
    assert fetch(entries(map(server.url, paths)), tmp_path, local).fetched == 20


@pytest.fixture
def many(server: Any, answers: Any) -> list[str]:
    """The URLs of thirty different images, each of them slow."""

    def late(color: int) -> Any:
        def answer(request: Any) -> None:
            body = answers.encoded("PNG", color)
            request.send_response(200)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body[:50])
            time.sleep(0.05)
            request.wfile.write(body[50:])

        return answer

    server.answers = {f"/{i}": late(i) for i in range(30)}
    return [server.url(path) for path in server.answers]


def started(urls: list[str], folder: Path) -> subprocess.Popen[str]:
    """The command as a running process that has fetched some images."""
    listed = folder.with_suffix(".txt")
    listed.write_text("\n".join(urls))
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "ganzoo", "data", "fetch", str(listed), "--out", str(folder)),
            *("--allow-private", "--jobs", "2"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    log = folder / FILE
    while not (log.exists() and log.read_bytes().count(b"\n") > 4):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    return process


def test_fetching_resumes_after_a_kill(
    server: Any, many: list[str], tmp_path: Path, local: Limits
) -> None:
    folder = tmp_path / "images"
    process = started(many, folder)
    process.kill()
    process.communicate()
    assert not (folder / "images.csv").exists()
    with FetchLog.opened(folder) as log:
        there = [url for url in many if log.outcome(url)]
    assert 4 < len(there) < 30
    report = fetch(entries(many), folder, local)
    assert (report.fetched, report.already_there) == (30 - len(there), len(there))
    counts = {url: server.asked[url.removeprefix(server.url(""))] for url in many}
    assert {counts[url] for url in there} == {1}
    assert max(counts.values()) <= 2, "only unfinished downloads may be requested again"
    assert len(images_in(folder)) == 30
    assert not list(folder.glob(".*.part"))
    assert len(rows(folder / "images.csv")) == 31


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_fetching_stops_on_a_signal_and_resumes(
    number: int, many: list[str], tmp_path: Path, local: Limits
) -> None:
    folder = tmp_path / "images"
    process = started(many, folder)
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 75, err
    assert err.splitlines() == [
        "fetching 30 images",
        "stopped; run the same command again to resume",
    ]
    assert "not tried yet" in out
    there = len(images_in(folder))
    assert 4 < there < 30
    assert len(rows(folder / "images.csv")) == there + 1
    assert not list(folder.glob(".*.part"))
    report = fetch(entries(many), folder, local)
    assert (report.fetched, report.already_there) == (30 - there, there)
