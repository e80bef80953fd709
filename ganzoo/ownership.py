"""One owner: a folder that is being written by one process is not written by another."""

from __future__ import annotations

import json
import os
import platform
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ganzoo.errors import RequestError
from ganzoo.folders import write_atomically

HEARTBEAT = 30.0
"""Seconds between two signs of life."""
PATIENCE = 10 * HEARTBEAT
"""Seconds without one after which the owner on another machine counts as dead."""


class LostOwnership(RuntimeError):
    """Another process has taken over the folder, since this one seemed dead to it."""


class Ownership:
    """The right to write into a folder, as long as nobody has taken it over."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "owner.json"
        self._about = {
            "host": platform.node(),
            "machine": _machine(),
            "process": os.getpid(),
            "since": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "token": secrets.token_hex(8),
        }
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="ganzoo-heartbeat", daemon=True)

    def check(self) -> None:
        """Raise LostOwnership if the folder is another process's by now.

        A note that somebody has removed is written again.
        """
        now = _read(self._file)
        if not now and self.folder.is_dir() and not self._file.exists():
            self._say()
        elif now and now.get("token") != self._about["token"]:
            raise LostOwnership(
                f"{self.folder} was taken over by {_told(now)}: this process stops, and leaves it "
                "as it is"
            )

    def take(self) -> None:
        """Say whose it is, and go on giving signs of life."""
        self._say()
        self._heart.start()

    def _say(self) -> None:
        write_atomically(self._file, json.dumps(self._about, indent=2) + "\n")

    def leave(self) -> None:
        """Give it back."""
        self._over.set()
        self._heart.join()
        if _read(self._file).get("token") == self._about["token"]:
            with suppress(OSError):  # the next one follows this one as a dead one
                self._file.unlink()

    def _beat(self) -> None:
        while not self._over.wait(HEARTBEAT):
            with suppress(OSError):  # if it lasts, others will see
                if _read(self._file).get("token") == self._about["token"]:
                    os.utime(self._file)


@contextmanager
def owned(folder: Path, noted: Callable[[str], None]) -> Iterator[Ownership]:
    """This process as the folder's only owner.

    On one machine, and on network drives that know locks, the system says whether an owner lives.
    Elsewhere its signs of life do. A dead one's folder is taken over, and that is ``noted``.

    Raises RequestError, having touched nothing, if another process owns it.
    """
    lock = FileLock(folder / ".lock", mode=0o644, thread_local=False)
    locked = _locked(lock, folder)
    ownership = Ownership(folder)
    try:
        _take_over(folder, noted, locked=locked)
        ownership.take()
        try:
            yield ownership
        finally:
            ownership.leave()
    except OSError as error:
        if error.filename and Path(error.filename).parent == folder:
            raise OSError(f"cannot write into {folder}: {error.strerror}") from error
        raise
    finally:
        lock.release()


def _locked(lock: FileLock, folder: Path) -> bool:
    """Take the system's lock; whether there is such a thing here."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise _taken(folder) from None
    except NotImplementedError:  # a drive that knows no locks
        return False
    except OSError as error:
        raise RequestError(f"nothing may be written into {folder}: {error.strerror}") from error
    return True


def _take_over(folder: Path, noted: Callable[[str], None], *, locked: bool) -> None:
    """Say so if an owner has died here; refuse if it may live."""
    file = folder / "owner.json"
    before = _read(file)
    if not before:
        return
    silent = _silence(file)
    # Containers of one machine have names of their own; after a restart it has another number.
    ours = (platform.node() == before.get("host"), _machine() == before.get("machine"))
    here = locked and any(ours)
    if not here and silent < PATIENCE:
        raise _taken(folder)
    noted(
        f"{_told(before)} has left {folder} without a word, {silent:.0f} s after its last sign of "
        "life: taken over"
    )


def _taken(folder: Path) -> RequestError:
    file = folder / "owner.json"
    silent = ""
    if file.exists():
        silent = f", last sign of life {max(0, time.time() - file.stat().st_mtime):.0f} s ago"
    return RequestError(
        f"{folder} is in use by {_told(_read(file))}{silent}: stop that first; if its machine is "
        f"gone, remove {file.name}, or wait until {PATIENCE:.0f} s after its last sign of life"
    )


def _told(about: dict[str, Any]) -> str:
    if not about:
        return "another process"
    return f"process {about.get('process')} on {about.get('host')} (since {about.get('since')})"


def _machine() -> str:
    """A number that all containers of a machine share, until it starts anew."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return platform.node()


def _read(file: Path) -> dict[str, Any]:
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def _silence(file: Path) -> float:
    """Seconds since a file's owner gave a sign of life, by the clock of the drive it lies on."""
    try:
        clock = file.with_name(".lock")
        os.utime(clock)
        return max(0.0, clock.stat().st_mtime - file.stat().st_mtime)
    except OSError:
        return 0.0
