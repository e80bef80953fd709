"""The folders that ganzoo writes: run folders and the cache; files are written atomically."""

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

from ganzoo.errors import RequestError, did_you_mean
from ganzoo.user_path import user_path


def cache_folder(*parts: str) -> Path:
    """The subfolder ``parts`` of the cache for downloads and prepared images; created if missing.

    The environment variable ``GANZOO_CACHE`` sets the cache folder; the default is the user's cache
    folder of the operating system. Raises RequestError if it cannot be created.
    """
    import platformdirs

    root = os.environ.get("GANZOO_CACHE") or platformdirs.user_cache_dir("ganzoo", appauthor=False)
    try:
        folder = user_path(root).joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RequestError) as error:
        raise RequestError(
            f"cannot create the cache folder {root}: {error}; set another one with the environment "
            "variable GANZOO_CACHE"
        ) from error
    return folder


def is_export(path: Path) -> bool:
    """Whether this is the name of an exported generator (``ganzoo export --to safetensors``).

    It need not exist.
    """
    return path.suffix.lower() == ".safetensors" and not path.is_dir()


def ending(path: PurePath) -> str:
    """The suffix of a name in lower case: ``.png``; empty for a name such as 2024.10."""
    suffix = path.suffix.lower()
    return suffix if suffix.strip(".0123456789") else ""


PARTIAL_NAME = re.compile(r"\..+\.\d+-[0-9a-f]{8}\.part")
"""The names that ``partial_path`` makes."""


def partial_path(path: Path) -> Path:
    """A new path in the same folder, for what will be renamed to this path when it is complete."""
    # Names have at most 255 bytes.
    return path.with_name(f".{path.name[:70]}.{os.getpid()}-{secrets.token_hex(4)}.part")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new, empty file in the same folder, which replaces this file at the end.

    It is flushed to the disk first. After an error it is removed, and this file is unchanged.
    """
    part = partial_path(path)
    try:
        part.open("xb").close()
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        if error.errno and not error.filename:  # the error of a full disk has no file name
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file and flush it to the disk; after a crash it has the old or the new content."""
    with replacing(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # network drives
            raise
    finally:
        os.close(descriptor)


def _is_empty(path: Path) -> bool:
    """Whether this is an empty folder."""
    return path.is_dir() and not any(path.iterdir())


def _move_folder(part: Path, path: Path) -> None:
    """Rename a folder to a path that does not exist or is an empty folder."""
    if path.exists() and not _is_empty(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    if path.exists() and os.name == "nt":  # elsewhere, rename() replaces an empty folder
        path.rmdir()
    part.rename(path.resolve() if path.exists() else path)  # a link to it stays a link


RUN_FILES = (
    *("run.toml", "environment.json", "checkpoints", "samples", "losses.png"),
    *("metrics.jsonl", "evaluations.jsonl", "nonfinite.json", "plan.toml", "budget.json"),
)
"""The files and folders in a run folder."""
_GRID_NAME = re.compile(r"(?:epoch-\d+-)?step-(\d+)\.png")


class RunFolder:
    """The folder of one run, and the paths in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """The folder itself."""
        self.settings = path / "run.toml"
        """All settings of the run."""
        self.environment = path / "environment.json"
        """For each start: versions, device and command."""
        self.checkpoints = path / "checkpoints"
        """The folder of the checkpoints."""
        self.samples = path / "samples"
        """The folder of the grids of samples."""
        self.metrics = path / "metrics.jsonl"
        """One line per report and evaluation."""
        self.evaluations = path / "evaluations.jsonl"
        """One line per evaluation, with all details."""
        self.losses = path / "losses.png"
        """Both losses over the images seen."""
        self.nonfinite = path / "nonfinite.json"
        """What was not finite, if anything was."""

    @classmethod
    def create(cls, path: Path, settings: Mapping[str, Any]) -> Self:
        """Create a run folder with its settings.

        Raises RequestError if the path exists already, unless it is an empty folder.
        """
        cls.require_free(path)
        try:
            return cls._create(path, settings)
        except FileExistsError:
            cls.require_free(path)
            raise

    @classmethod
    def _create(cls, path: Path, settings: Mapping[str, Any]) -> Self:
        """Create it under another name first: a run folder without settings cannot be resumed."""
        part = cls(partial_path(path.resolve() if path.is_dir() else path))
        try:
            part.path.mkdir(parents=True)
            part.checkpoints.mkdir()
            part.samples.mkdir()
            part.write_settings(settings)
            _move_folder(part.path, path)
        except OSError as error:
            if not cls.is_free(path):  # another process created it
                raise FileExistsError(path) from error
            is_other = isinstance(error, FileExistsError)
            reason = f"{error.filename} is not a folder" if is_other else error.strerror
            raise RequestError(f"cannot create the run folder {path}: {reason}") from error
        finally:
            if part.path.exists():
                shutil.rmtree(part.path)
        return cls(path)

    @staticmethod
    def is_free(path: Path) -> bool:
        """Whether a new run may have this path: it does not exist, or is an empty folder."""
        return not path.exists() or _is_empty(path)

    @classmethod
    def require_free(cls, path: Path) -> None:
        """Raise RequestError if a new run cannot have this path."""
        if cls(path).settings.is_file():
            raise RequestError(
                f"{path} exists already: resume it with `ganzoo resume {path}`, or name another "
                "folder with --run-dir"
            )
        if not cls.is_free(path):
            raise RequestError(f"{path} exists already: name another folder with --run-dir")
        if path.exists() and path.samefile(Path.cwd()):  # it is replaced
            raise RequestError(
                f"{path} is the working folder: name a new folder in it with --run-dir"
            )

    @classmethod
    def create_numbered(cls, parent: Path, title: str, settings: Mapping[str, Any]) -> Self:
        """Create the first of ``title-001``, ``title-002``, ... that is free in ``parent``."""
        number = 1
        while True:
            path = parent / f"{title}-{number:03}"
            if not path.exists():
                with suppress(FileExistsError):
                    return cls._create(path, settings)
            number += 1

    @classmethod
    def open(cls, path: Path) -> Self:
        """The run folder at this path.

        Raises RequestError if it does not exist or is not a run folder.
        """
        folder = cls(path)
        if not path.exists():
            others = [file.parent.name for file in path.parent.glob("*/run.toml")]
            remedy = did_you_mean(path.name, others) or "; a run prints its folder when it ends"
            raise RequestError(f"there is no run folder {path}{remedy}")
        if not folder.settings.is_file():
            inside = sorted(file.parent for file in path.glob("*/run.toml"))
            remedy = f"; name a run in it, such as {inside[-1]}" if inside else ""
            raise RequestError(f"{path} is not a run folder: it has no run.toml{remedy}")
        return folder

    def remove_partial_files(self) -> None:
        """Remove the incomplete files of processes that were killed."""
        for folder in (self.path, self.checkpoints, self.samples):
            for part in folder.glob(".*.part"):
                if PARTIAL_NAME.fullmatch(part.name) and part.is_file():
                    part.unlink(missing_ok=True)

    def stored_settings(self) -> dict[str, Any]:
        """The settings in ``run.toml``; empty if they cannot be read."""
        import tomllib

        try:
            return tomllib.loads(self.settings.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}

    def write_settings(self, tree: Mapping[str, Any]) -> None:
        """Write ``run.toml``."""
        import tomli_w

        write_atomically(self.settings, tomli_w.dumps(tree))

    def sample_grid(self, step: int, epoch: float | None = None) -> Path:
        """The path of the samples of a step; with an epoch, its name begins with that."""
        by_epoch = "" if epoch is None else f"epoch-{int(epoch):04}-"
        return self.samples / f"{by_epoch}step-{step:07}.png"

    def sample_grids(self) -> dict[int, Path]:
        """The files of samples that exist, by step, in ascending order."""
        named = ((_GRID_NAME.fullmatch(path.name), path) for path in self.samples.glob("*.png"))
        by_step = {int(name[1]): path for name, path in named if name}
        return dict(sorted(by_step.items()))

    def sessions(self) -> list[dict[str, Any]]:
        """The facts about each start of this run, oldest first; empty if they cannot be read."""
        try:
            found = json.loads(self.environment.read_text(encoding="utf-8"))["sessions"]
            return [session for session in found if isinstance(session, dict)]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return []  # a run does not depend on them

    def plugins(self) -> list[str]:
        """The plugins of all starts of this run, newest first, as ``foo (ganzoo-foo 1.2)``."""
        kinds = ("plugins", "metric_plugins", "observer_plugins")
        listed = [each.get(kind) for each in reversed(self.sessions()) for kind in kinds]
        found = (text for each in listed if isinstance(each, list) for text in each)
        return list(dict.fromkeys(text for text in found if isinstance(text, str)))

    def add_session(self, facts: Mapping[str, Any]) -> None:
        """Append the facts about this start."""
        sessions = [*self.sessions(), dict(facts)]
        write_atomically(self.environment, json.dumps({"sessions": sessions}, indent=2) + "\n")
