from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ganzoo import RangeFile, RemoteOptions, RequestError, open_range_file
from ganzoo.remote.retries import _OccasionalWarning
from tests.remote.faulty_server import FaultyServer, serving
from tests.remote.object_store import object_store

pytest.importorskip("aiohttp")

CONTENT = bytes(range(256)) * 400


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("ganzoo.remote.retries._FIRST_PAUSE", 0.01)
    with serving() as served:
        served.files["/a.tar"] = CONTENT
        yield served


def opened(server: FaultyServer, name: str = "a.tar", patience: float = 10) -> RangeFile:
    return open_range_file(f"{server.address}/{name}", RemoteOptions(patience=patience))


def error_of(file: RangeFile, start: int = 1000, stop: int = 2000) -> str:
    with pytest.raises(RequestError) as refused:
        file.read(start, stop)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_range_is_requested_once_and_kept(server: FaultyServer) -> None:
    file = opened(server)
    assert file.size == len(CONTENT)
    for _ in range(3):
        assert file.read(1000, 3000) == CONTENT[1000:3000]
    assert opened(server).read(1000, 3000) == CONTENT[1000:3000]
    assert server.ranges == [(1000, 3000)]
    file.read(5000, 6000, keep=False)
    file.read(5000, 6000, keep=False)
    assert server.ranges[1:] == [(5000, 6000)] * 2


def test_a_long_range_is_requested_in_pieces_and_only_a_lost_one_again(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganzoo.remote.remote_file._MOST_BYTES", 1000)
    server.faults = ["", "drop", ""]
    assert opened(server).read(0, 2500) == CONTENT[:2500]
    assert server.ranges == [(0, 1000), (1000, 2000), (1000, 2000), (2000, 2500)]


@pytest.mark.parametrize("fault", ["drop", "truncate", "500", "503", "429", "slow"])
def test_a_request_that_fails_is_repeated(server: FaultyServer, fault: str) -> None:
    server.faults = [fault] * 3
    assert opened(server).read(1000, 2000) == CONTENT[1000:2000]
    assert len(server.ranges) == (1 if fault == "slow" else 4)


@pytest.mark.parametrize("fault", ["drop", "500"])
def test_it_gives_up_after_a_time_with_one_line(server: FaultyServer, fault: str) -> None:
    file = opened(server, patience=0.5)
    server.faults = [fault] * 1000
    message = error_of(file)
    place = f"{server.address}/a.tar at byte 1,000"
    assert message.startswith(f"cannot read {place}, tried for 0.5 seconds: ")
    assert message.endswith("then run the same command again or `ganzoo resume`")
    assert 1 <= len(server.ranges) < 100


def test_while_requests_are_repeated_a_warning_names_the_address_and_the_error_once(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganzoo.remote.retries._WARN_AFTER", 0.0)
    monkeypatch.setattr("ganzoo.remote.retries._warn", _OccasionalWarning())
    file = opened(server)
    server.faults = ["503"] * 3
    place = f"cannot read {server.address}/a.tar at byte 1,000"
    message = f"^{place}: HTTP status 503; trying again for up to 10 seconds$"
    with pytest.warns(UserWarning, match=message) as shown:
        assert file.read(1000, 2000) == CONTENT[1000:2000]
    assert len(shown) == 1


def test_a_server_that_cannot_be_reached_is_named(server: FaultyServer) -> None:
    options = RemoteOptions(patience=0.1)
    with pytest.raises(
        RequestError, match=r"cannot open http://127\.0\.0\.1:9/a, tried for 0\.1 s"
    ):
        open_range_file("http://127.0.0.1:9/a", options)


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [("404", "check the address"), ("403", "needs credentials"), ("416", "check the address")],
)
def test_what_will_not_pass_is_not_repeated(server: FaultyServer, fault: str, remedy: str) -> None:
    file = opened(server)
    server.faults = [fault] * 9
    assert remedy in error_of(file)
    assert len(server.ranges) == 1
    with pytest.raises(RequestError, match=r"/b\.tar: HTTP status 404; check the address"):
        opened(server, "b.tar")


def test_a_server_that_sends_only_whole_files_is_refused(server: FaultyServer) -> None:
    file = opened(server)
    server.faults = ["whole"]
    assert "sends only whole files (no HTTP ranges)" in error_of(file)


@pytest.mark.parametrize("content", [CONTENT[::-1], CONTENT[:500]])
def test_a_file_that_changes_while_it_is_read_is_refused(
    server: FaultyServer, content: bytes
) -> None:
    file = opened(server, patience=0.1)
    assert file.read(0, 100) == CONTENT[:100]
    server.files["/a.tar"] = content
    assert "/a.tar has changed while it was read: put the earlier file back" in error_of(file)
    # What was kept is still that of the earlier file, and another open gets the new one.
    assert file.read(0, 100) == CONTENT[:100]
    assert opened(server).read(0, 100) == content[:100]


def test_a_file_that_changes_during_a_request_is_refused(server: FaultyServer) -> None:
    file = opened(server)
    server.after = lambda: server.files.update({"/a.tar": CONTENT[::-1]})
    assert "has changed while it was read" in error_of(file)


def test_the_query_of_an_address_is_not_shown(server: FaultyServer) -> None:
    file = opened(server, "a.tar?signature=secret", patience=0)
    assert file.address == f"{server.address}/a.tar"
    server.faults = ["500"]
    assert "secret" not in error_of(file)


def test_other_schemes_name_the_package_that_they_need() -> None:
    with pytest.raises(RequestError, match=r"^nothing://a/b: Protocol not known: nothing$"):
        open_range_file("nothing://a/b", RemoteOptions())


def test_objects_of_a_store_are_read_by_ranges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    with object_store(monkeypatch, {"a.tar": CONTENT}) as put:
        file = open_range_file("s3://images/a.tar", RemoteOptions(patience=1))
        assert file.size == len(CONTENT)
        assert file.read(1000, 3000) == CONTENT[1000:3000]
        put("a.tar", CONTENT[::-1])
        assert "s3://images/a.tar has changed while it was read" in error_of(file, 5000, 6000)
        with pytest.raises(RequestError, match=r"s3://images/b\.tar: it does not exist; check the"):
            open_range_file("s3://images/b.tar", RemoteOptions(patience=1))
