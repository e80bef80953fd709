from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image

from ganzoo_fetch.fetch_log import FetchLog
from tests.cli.conftest import Ganzoo


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The URL of a server with two images, /0.png and /1.png."""
    folder = tmp_path / "site"
    folder.mkdir()
    for i in range(2):
        Image.new("RGB", (16, 16), (200 * i, 0, 90)).save(folder / f"{i}.png")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    with server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def listed(site: str, tmp_path: Path) -> Path:
    """A list of both images and a missing one."""
    path = tmp_path / "list.csv"
    lines = [f"{site}/{name},{name},{name[0]}" for name in ("1.png", "0.png", "gone.png")]
    path.write_text("\n".join(["image,text,kind", *lines]))
    return path


KEYS = ("--address", "image", "--description", "text", "--allow-private")


def test_images_are_fetched_listed_and_usable_for_training(
    ganzoo_command: Ganzoo, listed: Path, tmp_path: Path
) -> None:
    done = ganzoo_command("data", "fetch", listed, "--out", "images", *KEYS, "--label", "kind")
    assert done.status == 0
    assert done.out.splitlines() == [
        "2 fetched, 0 fetched before, 1 failed",
        "reason           images",
        "HTTP status 404  1",
        "images/failures.csv",
        "images/images.csv",
    ]
    assert done.err == "fetching 3 images\n"
    head, first, *_ = (tmp_path / "images" / "images.csv").read_text().splitlines()
    assert head == "file,address,description,label"
    assert first.endswith("/1.png,1.png,1")

    again = ganzoo_command("data", "fetch", listed, "--out", "images", *KEYS)
    assert (again.status, again.err) == (0, "")
    assert again.out.startswith("0 fetched, 2 fetched before, 1 failed\n")

    trained = ganzoo_command(
        *("train", "image-folder", "dcgan", "hinge", "dataset.path=images", "--steps", 1),
        *("--resolution", 8, "--batch-size", 2, "--device", "cpu", "--run-dir", "run"),
        *("architecture.base_channels=2", "architecture.latent_dim=4", "sample.count=4"),
    )
    assert trained.status == 0
    assert "preparing 2 images" in trained.err


def test_a_terminal_gets_a_bar_and_a_pipe_gets_lines(
    ganzoo_command: Ganzoo, listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganzoo.observers.console._LINE_INTERVAL", 0.0)
    lines = ganzoo_command("data", "fetch", listed, "--out", "a", *KEYS).err.splitlines()
    assert lines[0] == "fetching 3 images"
    assert [line.split("  ")[0] for line in lines[1:]] == [f"image {i}/3" for i in (1, 2, 3)]
    assert lines[3].endswith("/s  1 failed")
    monkeypatch.setattr("ganzoo.observers.console.draws_bars", lambda console: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    reported = ganzoo_command("data", "fetch", listed, "--out", "b", *KEYS).err
    assert "3/3" in reported
    assert "1 failed" in reported
    assert "fetching" not in reported
    assert ganzoo_command("data", "fetch", listed, "--out", "b", *KEYS).err == ""


def test_the_report_as_json(ganzoo_command: Ganzoo, listed: Path) -> None:
    done = ganzoo_command("data", "fetch", listed, "--out", "images", *KEYS, "--json")
    assert json.loads(done.out) == {
        "fetched": 2,
        "already_there": 0,
        "failed": 1,
        "not_yet": 0,
        "reasons": {"HTTP status 404": 1},
        "stopped": False,
        "malformed": 0,
        "images": "images/images.csv",
        "failures": "images/failures.csv",
    }


@pytest.mark.parametrize(("share", "status"), [(0.0, 1), (0.3, 1), (0.34, 0), (1.0, 0)])
def test_max_failures_sets_the_exit_status(
    share: float, status: int, ganzoo_command: Ganzoo, listed: Path
) -> None:
    done = ganzoo_command(
        "data", "fetch", listed, "--out", "images", *KEYS, "--max-failures", share
    )
    assert done.status == status
    assert done.out.startswith("2 fetched")


def test_if_all_downloads_fail_the_status_is_1(ganzoo_command: Ganzoo, listed: Path) -> None:
    done = ganzoo_command("data", "fetch", listed, "--out", "images", *KEYS[:-1])
    assert done.status == 1
    assert "not a public address  3\n" in done.out


def test_malformed_entries_are_listed_and_skipped(ganzoo_command: Ganzoo, listed: Path) -> None:
    listed.write_text(listed.read_text() + "\n,nothing,n" * 12 + "\n")
    done = ganzoo_command("data", "fetch", listed, "--out", "images", *KEYS)
    assert done.status == 0
    assert done.out.startswith("2 fetched, 0 fetched before, 1 failed, 12 malformed\n")
    assert "skipped malformed entries: 12\n  line 5 of " in done.err
    assert "  and 2 more\n" in done.err
    again = ganzoo_command("data", "fetch", listed, "--out", "images", *KEYS, "--max-failures", 0.8)
    assert again.status == 1  # 13 of 15


def test_wrong_requests_get_one_line(ganzoo_command: Ganzoo, listed: Path, tmp_path: Path) -> None:
    assert "it has image, text, kind" in ganzoo_command("data", "fetch", listed, "--out", "o").error
    assert not (tmp_path / "o").exists()
    assert "cannot read the list" in ganzoo_command("data", "fetch", "none", "--out", "o").error
    site = ganzoo_command("data", "fetch", listed, "--out", tmp_path / "site", *KEYS)
    assert "has files but no fetched.jsonl" in site.error
    with FetchLog.opened(tmp_path / "o"):
        busy = ganzoo_command("data", "fetch", listed, "--out", "o", *KEYS)
    assert "another process is fetching into o" in busy.error
    for wrong in (("--jobs", 0), ("--max-failures", 2), ("--timeout", 0)):
        done = ganzoo_command("data", "fetch", listed, "--out", "o", *KEYS, *wrong)
        assert wrong[0] in done.error


def test_help_has_examples(ganzoo_command: Ganzoo) -> None:
    assert "ganzoo data fetch addresses.txt --out" in ganzoo_command("data", "fetch", "--help").out


def test_fetch_does_not_import_torch(listed: Path, tmp_path: Path) -> None:
    fetch = ["data", "fetch", str(listed), "--out", str(tmp_path / "new"), *KEYS]
    for arguments, heavy in (
        (["data", "fetch", "--help"], "{'torch', 'PIL', 'httpx'}"),
        (fetch, "{'torch'}"),
    ):
        code = (
            f"import sys; sys.argv = ['ganzoo', *{arguments!r}]\n"
            "from ganzoo.cli import main\n"
            "try: main()\n"
            "except SystemExit as leaving: assert not leaving.code, leaving.code\n"
            f"assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
