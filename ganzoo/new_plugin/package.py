"""Fills in the templates of a new plugin, and writes its folder."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Template

from ganzoo import __version__
from ganzoo.errors import RequestError, did_you_mean
from ganzoo.folders import partial_path
from ganzoo.new_plugin.names import PluginNames, check_name
from ganzoo.overwriting import require_folder

_TEMPLATES = Path(__file__).with_name("templates")
_EVERY_KIND = "every_kind"
_SUFFIX = ".template"

KINDS = (
    *("loss", "method", "regularizer", "architecture", "dataset", "augmentation", "metric"),
    *("extractor", "observer", "recipe", "command"),
)
"""What ``ganzoo new`` can write; each has a folder of templates. A method is a kind of loss."""


@dataclass(frozen=True)
class NewPlugin:
    """The files of a new plugin, and a command that uses its component."""

    files: Mapping[str, str]
    """The content of each file by its path in the folder, with slashes."""
    command: str

    @classmethod
    def of(cls, name: str, kind: str, author: str) -> NewPlugin:
        """A plugin with one component of this kind.

        Raises RequestError for an unknown kind, and for a name that it cannot have.
        """
        if kind not in KINDS:
            raise RequestError(
                f"there is no kind {kind}"
                + (did_you_mean(kind, KINDS) or f": write --kind with one of {', '.join(KINDS)}")
            )
        names = PluginNames(name, kind)
        check_name(name, "loss" if kind == "method" else kind, names)
        values = _values(names, kind, author)
        return cls(
            files={
                _path(template, folder, names.package): _filled(template, values)
                for folder in (_TEMPLATES / _EVERY_KIND, _TEMPLATES / kind)
                for template in sorted(folder.rglob(f"*{_SUFFIX}"))
            },
            command=values["train"],
        )

    def write(self, folder: Path) -> None:
        """Write all files into a new or empty folder, or none of them.

        Raises RequestError if the folder has files, or if it cannot be written.
        """
        check_free(folder)
        whole = folder.absolute()
        part = partial_path(whole)
        try:
            for path, text in self.files.items():
                file = part / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="\n")
            if whole.exists():  # it may be the working folder, which must stay the same folder
                for each in part.iterdir():
                    each.rename(whole / each.name)
            else:
                part.rename(whole)
        except OSError as error:
            raise RequestError(f"cannot write {folder}: {error.strerror or error}") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)


def check_free(folder: Path) -> None:
    """Raise RequestError unless a new plugin can be written into this folder."""
    if folder.is_dir() and any(folder.iterdir()):
        raise RequestError(f"{folder} exists already and is not empty: name another with --out")
    require_folder(folder)


def _values(names: PluginNames, kind: str, author: str) -> dict[str, str]:
    """What the placeholders of the templates stand for."""
    values = {
        "name": names.name,
        "distribution": names.distribution,
        "package": names.package,
        "stem": names.stem,
        "class_name": names.class_name,
        "kind": kind,
        "author": author,
        "author_text": json.dumps(author, ensure_ascii=False),
        "year": str(date.today().year),
        "ganzoo": __version__.rpartition(".")[0],
    }
    texts = tomllib.loads((_TEMPLATES / kind / "kind.toml").read_text("utf-8"))
    return values | {key: Template(text).substitute(values) for key, text in texts.items()}


def _path(template: Path, folder: Path, package: str) -> str:
    """The path of the file that a template becomes."""
    path = template.relative_to(folder).as_posix()
    return path.removesuffix(_SUFFIX).replace("PACKAGE", package)


def _filled(template: Path, values: Mapping[str, str]) -> str:
    return Template(template.read_text(encoding="utf-8")).substitute(values)
