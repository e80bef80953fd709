"""The folders that ganzoo writes: one per run, and a cache of what can be made again."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import Any, Self

from ganzoo.errors import RequestError


def cache_folder(*parts: str) -> Path:
    """The folder for downloads and prepared images, made if need be.

    ``GANZOO_CACHE`` names it; otherwise it is the user's cache folder of this system.
    """
    import platformdirs

    root = os.environ.get("GANZOO_CACHE") or platformdirs.user_cache_dir("ganzoo", appauthor=False)
    try:
        folder = Path(root).expanduser().joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        raise RequestError(
            f"cannot make the cache folder {root}: {error}; name another one with the environment "
            "variable GANZOO_CACHE"
        ) from error
    return folder


def require_folder(path: Path) -> None:
    """Raise RequestError unless this is a folder that may be written, or could become one."""
    nearest = next((each for each in (path, *path.parents) if each.exists()), path)
    if not nearest.is_dir():
        raise RequestError(f"{nearest} is a file, not a folder")
    if not os.access(nearest, os.W_OK):
        raise RequestError(f"nothing may be written into {nearest}: name another place")


def ending(path: PurePath) -> str:
    """How a name ends, in lower case: ``.png``; nothing for a name such as 2024.10."""
    suffix = path.suffix.lower()
    return suffix if suffix.strip(".0123456789") else ""


def check_free(path: Path, *, force: bool = False, option: str = "--out") -> None:
    """Refuse a file's place where something would be overwritten, or where nothing can be written.

    With ``force`` a file may be overwritten, but no folder, and nothing that belongs to a run.
    ``option`` is what named the place. Raises RequestError.
    """
    if path.is_dir():
        raise RequestError(f"{path} exists already, as a folder: name a file with {option}")
    if force:
        _refuse_part_of_run(path)
    elif path.exists() or path.is_symlink():
        raise exists_already(path, option)
    require_folder(path.parent)


def check_folder_free(path: Path, *, force: bool = False) -> None:
    """Refuse a folder that holds something, unless ``force`` is given, and what check_free does."""
    if path.is_dir() and not force and any(path.iterdir()):
        raise exists_already(path)
    if force:
        _refuse_part_of_run(path)
    require_folder(path)


def exists_already(path: Path, option: str = "--out") -> RequestError:
    """The error that something is at this path, and what to do about it."""
    return RequestError(
        f"{path} exists already: name another with {option}, or overwrite it with --force"
    )


def _refuse_part_of_run(path: Path) -> None:
    whole = path.parent.resolve() / path.name
    for parent in whole.parents:
        part = whole.relative_to(parent).parts[0]
        if (part in _PARTS or part.startswith("events.out.")) and (parent / "run.toml").is_file():
            raise RequestError(f"{path} belongs to the run {parent}: --force does not overwrite it")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new, empty file beside this one, which takes its place, flushed to the disk, at the end.

    If anything goes wrong it is removed, and what was there before stays.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        part.open("xb").close()
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        if error.errno and not error.filename:  # a full disk does not say of which file
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file, flushed to the disk, that is either the old one or the new one, never half."""
    with replacing(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # drives over a network
            raise
    finally:
        os.close(descriptor)


def _require_absent(path: Path) -> None:
    if path.exists():  # an empty folder would be replaced without a word
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


_PARTS = (
    *("run.toml", "environment.json", "checkpoints", "samples", "losses.png"),
    *("metrics.jsonl", "evaluations.jsonl", "nonfinite.json"),
)
"""What a run keeps in its folder."""
_PART = re.compile(r"\..+\.\d+-[0-9a-f]{8}\.part")
"""What ``replacing`` calls a file that is not written to its end."""
_SHEET = re.compile(r"(?:epoch-\d+-)?step-(\d+)\.png")


class RunFolder:
    """Everything that one training run leaves behind."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = path / "run.toml"
        self.environment = path / "environment.json"
        self.checkpoints = path / "checkpoints"
        self.samples = path / "samples"
        self.metrics = path / "metrics.jsonl"
        self.evaluations = path / "evaluations.jsonl"
        self.losses = path / "losses.png"

    @classmethod
    def create(cls, path: Path, settings: Mapping[str, Any]) -> Self:
        """A new run folder that holds its settings.

        Raises RequestError if something is there already.
        """
        cls.require_free(path)
        return cls._make(path, settings)

    @classmethod
    def _make(cls, path: Path, settings: Mapping[str, Any]) -> Self:
        """Make it under another name first: without settings nobody could go on with it."""
        part = cls(path.with_name(f".{path.name[:200]}.{os.getpid()}-{secrets.token_hex(4)}.part"))
        try:
            part.path.mkdir(parents=True)
            part.checkpoints.mkdir()
            part.samples.mkdir()
            part.write_settings(settings)
            _require_absent(path)
            part.path.rename(path)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):  # another process was faster
                raise FileExistsError(path) from error
            raise RequestError(f"cannot make the run folder {path}: {error.strerror}") from error
        finally:
            if part.path.exists():
                shutil.rmtree(part.path)
        return cls(path)

    @staticmethod
    def require_free(path: Path) -> None:
        """Raise RequestError if something is at this path already."""
        if path.exists():
            raise RequestError(
                f"{path} exists already: go on with `ganzoo resume {path}`, or name another folder "
                "with --run-dir"
            )

    @classmethod
    def create_numbered(cls, parent: Path, title: str, settings: Mapping[str, Any]) -> Self:
        """The first of ``title-001``, ``title-002``, ... in ``parent`` that is free."""
        number = 1
        while True:
            path = parent / f"{title}-{number:03}"
            with suppress(FileExistsError):
                return cls._make(path, settings)
            number += 1

    @classmethod
    def open(cls, path: Path) -> Self:
        """The run folder at this path.

        Raises RequestError if it is not one.
        """
        folder = cls(path)
        if not path.exists():
            raise RequestError(f"there is no run folder {path}")
        if not folder.settings.is_file():
            raise RequestError(f"{path} is not a run folder: it has no run.toml")
        return folder

    def clear(self) -> None:
        """Remove what a process that was killed has left half written."""
        for folder in (self.path, self.checkpoints, self.samples):
            for part in folder.glob(".*.part"):
                if _PART.fullmatch(part.name) and part.is_file():
                    part.unlink(missing_ok=True)

    def stored_settings(self) -> dict[str, Any]:
        """The settings as they were kept last; empty if they cannot be read."""
        import tomllib

        try:
            return tomllib.loads(self.settings.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}

    def write_settings(self, tree: Mapping[str, Any]) -> None:
        """Keep the resolved settings."""
        import tomli_w

        write_atomically(self.settings, tomli_w.dumps(tree))

    def sheet(self, step: int, epoch: float | None = None) -> Path:
        """The file of the samples of a step, named by its epoch, too, if that is given."""
        by_epoch = "" if epoch is None else f"epoch-{int(epoch):04}-"
        return self.samples / f"{by_epoch}step-{step:07}.png"

    def sheets(self) -> list[Path]:
        """The files of samples that there are, ascending by step."""
        named = ((_SHEET.fullmatch(path.name), path) for path in self.samples.glob("*.png"))
        by_step = {int(name[1]): path for name, path in named if name}
        return [by_step[step] for step in sorted(by_step)]

    def sessions(self) -> list[dict[str, Any]]:
        """What is known of each start of this run, oldest first."""
        try:
            found = json.loads(self.environment.read_text(encoding="utf-8"))["sessions"]
            return [session for session in found if isinstance(session, dict)]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return []  # nothing that a run depends on

    def plugins(self) -> list[str]:
        """The plugins of all starts of this run, the newest first: ``foo (ganzoo-foo 1.2)``."""
        kinds = ("plugins", "metric_plugins")
        listed = [each.get(kind) for each in reversed(self.sessions()) for kind in kinds]
        found = (text for each in listed if isinstance(each, list) for text in each)
        return list(dict.fromkeys(text for text in found if isinstance(text, str)))

    def add_session(self, facts: Mapping[str, Any]) -> None:
        """Keep what this start runs on."""
        sessions = [*self.sessions(), dict(facts)]
        write_atomically(self.environment, json.dumps({"sessions": sessions}, indent=2) + "\n")
