"""A repository of Hugging Face: what the commands need of the library huggingface_hub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ganzoo import RequestError, require_package

PREFIX = "hf://"
_NAME = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_TOKEN = re.compile(r"hf_\w+")


class Repository:
    """The repository ``hf://USER/NAME``.

    The library finds the user's login by itself: no token is read, stored or printed here. Raises
    RequestError if the name is wrong, or if the library is not installed.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.name = address.removeprefix(PREFIX)
        if not _NAME.fullmatch(self.name):
            raise RequestError(f"{address}: write {PREFIX}USER/NAME")
        needed = ("a repository of Hugging Face", "ganzoo-toolkit[hub]")
        self._library: Any = require_package("huggingface_hub", *needed)
        # The library has no attribute of this module before it is imported.
        self._library_errors: Any = require_package("huggingface_hub.errors", *needed)

    def upload(self, folder: Path, message: str, *, public: bool) -> None:
        """Create the repository if there is none, and upload all files of a folder.

        ``public`` says who can see a new repository; it does not change an existing one.
        """
        with self._errors("upload to"):
            api = self._library.HfApi()
            api.create_repo(self.name, private=not public, repo_type="model", exist_ok=True)
            api.upload_folder(
                repo_id=self.name,
                folder_path=folder,
                repo_type="model",
                commit_message=message,
            )

    def commit(self, revision: str | None) -> str:
        """The newest commit of a branch or a tag; by default, of the main branch."""
        with self._errors("find"):
            api = self._library.HfApi()
            return str(api.repo_info(self.name, revision=revision, repo_type="model").sha)

    def download(self, file: str, folder: Path, commit: str) -> None:
        """Download a file of a commit into a folder."""
        with self._errors(f"download {file} of"):
            self._library.HfApi().hf_hub_download(
                self.name, file, repo_type="model", revision=commit, local_dir=folder
            )

    @contextmanager
    def _errors(self, work: str) -> Iterator[None]:
        """Turn the errors of the library into one line without tokens."""
        errors = self._library_errors
        try:
            yield
        except (errors.RepositoryNotFoundError, errors.LocalTokenNotFoundError) as error:
            raise RequestError(
                f"cannot {work} {self.address}: it does not exist or needs a login; log in by "
                "`hf auth login`"
            ) from error
        except (errors.HTTPError, OSError, ValueError) as error:
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise RequestError(
                f"cannot {work} {self.address}: {_TOKEN.sub('hf_...', reason)}"
            ) from error
