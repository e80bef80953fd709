"""Ownership of a folder: only one process at a time writes into it."""

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
"""Seconds between two updates of the owner file."""
PATIENCE = 10 * HEARTBEAT
"""Seconds without an update after which an owner on another machine counts as dead."""


class InUse(RequestError):
    """Another process owns the folder."""


class LostOwnership(RuntimeError):
    """Another process has taken over the folder because this one seemed dead."""


class Ownership:
    """The right of this process to write into a folder, until another process takes it over."""

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
        self._released = threading.Event()
        self._heartbeat = threading.Thread(
            target=self._keep_alive, name="ganzoo-heartbeat", daemon=True
        )

    def check(self) -> None:
        """Raise LostOwnership if another process has taken over the folder.

        An owner file that was removed is written again.
        """
        now = _read(self._file)
        if not now and self.folder.is_dir() and not self._file.exists():
            self._write()
        elif now and now.get("token") != self._about["token"]:
            raise LostOwnership(
                f"{self.folder} was taken over by {_described(now)}: this process stops and does "
                "not change the folder"
            )

    def take(self, *, locked: bool) -> None:
        """Write the owner file, and start updating it regularly.

        Without a lock, only one of several processes can create the file. Raises InUse in the
        others.
        """
        if locked:
            self._write()
        else:
            try:
                with self._file.open("x", encoding="utf-8") as file:
                    file.write(self._text)
            except FileExistsError:
                raise _in_use(self.folder) from None
        self._heartbeat.start()

    @property
    def _text(self) -> str:
        return json.dumps(self._about, indent=2) + "\n"

    def _write(self) -> None:
        write_atomically(self._file, self._text)

    def release(self) -> None:
        """Stop updating the owner file, and remove it."""
        self._released.set()
        self._heartbeat.join()
        if _read(self._file).get("token") == self._about["token"]:
            with suppress(OSError):  # the next owner then takes over as from a dead one
                self._file.unlink()

    def _keep_alive(self) -> None:
        while not self._released.wait(HEARTBEAT):
            with suppress(OSError):  # if this persists, another process may take over
                if _read(self._file).get("token") == self._about["token"]:
                    os.utime(self._file)


@contextmanager
def owned(folder: Path, on_message: Callable[[str], None]) -> Iterator[Ownership]:
    """Make this process the only owner of a folder inside the ``with`` block.

    On one machine, and on network drives with file locks, a lock shows whether an owner is alive.
    Otherwise the time of its last heartbeat does. The folder of a dead owner is taken over, which
    is reported to ``on_message``.

    Raises InUse, a RequestError, without changing the folder, if another process owns it.
    """
    lock = FileLock(folder / ".lock", thread_local=False)
    locked = _lock(lock, folder)
    ownership = Ownership(folder)
    try:
        _take_over(folder, on_message, locked=locked)
        ownership.take(locked=locked)
        try:
            yield ownership
        finally:
            ownership.release()
    except OSError as error:
        if error.filename and Path(error.filename).parent == folder:
            raise OSError(f"cannot write into {folder}: {error.strerror}") from error
        raise
    finally:
        lock.release()


def _lock(lock: FileLock, folder: Path) -> bool:
    """Acquire the file lock; False if the drive does not support locks."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise _in_use(folder) from None
    except NotImplementedError:
        return False
    except OSError as error:
        raise RequestError(f"cannot write into {folder}: {error.strerror}") from error
    return True


def _take_over(folder: Path, on_message: Callable[[str], None], *, locked: bool) -> None:
    """Report it if a previous owner is dead; raise RequestError if it may be alive."""
    file = folder / "owner.json"
    before = _read(file)
    if not before and (locked or not file.exists()):
        return
    age = _heartbeat_age(file)
    # Containers of one machine have different host names; a restart changes the machine's id.
    same = (platform.node() == before.get("host"), _machine() == before.get("machine"))
    here = locked and any(same)
    if not here and age < PATIENCE:
        raise _in_use(folder)
    on_message(
        f"{_described(before)} did not release {folder}; its last heartbeat was {age:.0f} s ago: "
        "this process takes over"
    )
    if not locked:
        file.unlink(missing_ok=True)


def has_owner(folder: Path) -> bool:
    """Whether a process owns a folder and seems alive; no lock is taken to find out.

    A process that has died on another machine seems alive until its heartbeat is too old.
    """
    file = folder / "owner.json"
    about = _read(file)
    if not about or _heartbeat_age(file) >= PATIENCE:
        return False
    here = about.get("host") == platform.node() and os.name != "nt"
    return _is_running(about.get("process")) if here else True


def _is_running(process: object) -> bool:
    """Whether this machine has a process of this number; it may be one of another user."""
    try:
        os.kill(int(str(process)), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return True


def _in_use(folder: Path) -> InUse:
    file = folder / "owner.json"
    heartbeat = f", last heartbeat {_heartbeat_age(file):.0f} s ago" if file.exists() else ""
    return InUse(
        f"{folder} is in use by {_described(_read(file))}{heartbeat}: stop that process first; if "
        f"its machine is gone, remove {file.name}, or wait until {PATIENCE:.0f} s after its last "
        "heartbeat"
    )


def _described(about: dict[str, Any]) -> str:
    if not about:
        return "another process"
    return f"process {about.get('process')} on {about.get('host')} (since {about.get('since')})"


def _machine() -> str:
    """An id that all containers of a machine share, until the machine restarts."""
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


def _heartbeat_age(file: Path) -> float:
    """Seconds since the owner file was updated, by the clock of its drive."""
    try:
        clock = file.with_name(".lock")
        os.utime(clock)
        return max(0.0, clock.stat().st_mtime - file.stat().st_mtime)
    except OSError:
        return 0.0
