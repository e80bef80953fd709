"""A stand-in of the library huggingface_hub: repositories are folders of this machine."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

API: Any = None
"""The class of the library itself, if it is installed."""
with suppress(ImportError):
    API = import_module("huggingface_hub").HfApi


class HTTPError(Exception):
    """As httpx.HTTPError: no subclass of OSError."""


class RepositoryNotFoundError(HTTPError):
    """No such repository, or no right to see it."""


class LocalTokenNotFoundError(OSError):
    """No login."""


def like_the_library(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, if the real one takes these arguments; it is checked where it is installed."""

    @wraps(method)
    def checked(self: Any, *args: Any, **options: Any) -> Any:
        if API:
            inspect.signature(getattr(API, method.__name__)).bind(self, *args, **options)
        return method(self, *args, **options)

    return checked


ERRORS = SimpleNamespace(
    HTTPError=HTTPError,
    RepositoryNotFoundError=RepositoryNotFoundError,
    LocalTokenNotFoundError=LocalTokenNotFoundError,
)
"""Stands for the module ``errors``, which is no attribute of the library until it is imported."""


class Hub:
    """Stands for the module; ``root`` has one folder per repository."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.private: dict[str, bool] = {}
        self.error: Exception | None = None
        """Raised by each call."""
        self.calls: list[str] = []

    def HfApi(self) -> Hub:  # noqa: N802 - the name of the class in the library
        """The interface; it is called without a token."""
        return self

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.error:
            raise self.error

    @like_the_library
    def create_repo(self, repo_id: str, *, private: bool, repo_type: str, exist_ok: bool) -> None:
        self._call("create_repo")
        assert (repo_type, exist_ok) == ("model", True)
        (self.root / repo_id).mkdir(parents=True, exist_ok=True)
        self.private.setdefault(repo_id, private)

    @like_the_library
    def upload_folder(
        self, *, repo_id: str, folder_path: Path, repo_type: str, commit_message: str
    ) -> None:
        self._call("upload_folder")
        shutil.copytree(folder_path, self.root / repo_id, dirs_exist_ok=True)

    @like_the_library
    def repo_info(self, repo_id: str, *, revision: str | None, repo_type: str) -> Any:
        self._call("repo_info")
        if not (self.root / repo_id).is_dir():
            raise RepositoryNotFoundError("404 Client Error")
        return SimpleNamespace(sha=f"commit of {revision or 'main'}")

    @like_the_library
    def hf_hub_download(
        self, repo_id: str, filename: str, *, repo_type: str, revision: str, local_dir: Path
    ) -> str:
        self._call(f"{filename} at {revision}")
        if not (self.root / repo_id / filename).is_file():
            raise HTTPError(f"404 Client Error: no {filename}\nRequest ID: 1")
        (local_dir / ".cache").mkdir(exist_ok=True)  # as the library does
        return str(shutil.copyfile(self.root / repo_id / filename, local_dir / filename))
