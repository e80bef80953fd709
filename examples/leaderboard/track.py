"""A track: real images, a machine, a budget of seconds, and how its entries are measured."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ganzoo import RequestError

HERE = Path(__file__).parent


class Evaluation(BaseModel):
    """How a checkpoint is measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    extractor: str
    samples: int = Field(2000, ge=1)
    real: int = Field(10_000, ge=1)
    metrics: tuple[str, ...] = ("kid", "fd", "prdc", "memorization")


class RecipeSource(BaseModel):
    """A recipe whose settings are those of the best entry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    comment: str = Field(description="What the recipe is for, as the first line of its file.")
    seconds: int = Field(ge=1, description="The longest time that counts.")
    dataset: Mapping[str, Any] = Field(description="Its section ``dataset``.")


class Track(BaseModel):
    """What all entries of a track have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    about: str = Field(description="One sentence.")
    position: int = Field(description="Where it is on the page: tracks with low numbers are first.")
    images: str = Field(description="A name of the real images, for people.")
    moments: Annotated[tuple[int, ...], Field(min_length=1)] = Field(
        description="Seconds after which an entry is measured, in rising order."
    )
    lengths: tuple[int, ...] = Field(description="Moments that have a table with images.")
    entries: tuple[str, ...] = Field((), description="The entries; all if there are none.")
    settings: Mapping[str, Any]
    evaluation: Evaluation
    recipes: Mapping[str, RecipeSource] = {}

    @classmethod
    def read(cls, name: str) -> Self:
        """The track of this name in ``tracks/``, or in a file NAME.toml.

        Raises RequestError if there is none, or if the file is damaged.
        """
        file = _file(name, HERE / "tracks", "track")
        try:
            track = cls.model_validate({**_toml(file), "name": file.stem})
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise RequestError(f"{file}: {place}: {first['msg']}") from None
        if list(track.moments) != sorted(set(track.moments)):
            raise RequestError(f"{file}: moments: write them in rising order")
        if unknown := set(track.lengths) - set(track.moments):
            raise RequestError(f"{file}: lengths: {min(unknown)} is not one of the moments")
        return track

    @property
    def device(self) -> str:
        """The device that measures: that of the training."""
        device = str(self.settings.get("train", {}).get("device", "cpu"))
        return "cuda" if device == "auto" else device

    def assignments(self) -> list[str]:
        """The settings of all entries, as ``KEY=VALUE`` arguments of ``ganzoo train``."""
        return [f"{key}={value}" for key, value in _flat(self.settings)]

    def chosen(self, names: Sequence[str]) -> list[Entry]:
        """The entries of these names; by default, all of the track."""
        return [Entry.read(name) for name in names or self.entries or _common_entries()]


class Entry(NamedTuple):
    """A settings file that competes in a track."""

    name: str
    file: Path
    settings: Mapping[str, Any]
    comment: str
    """The sentence at the top of the file."""
    mark: str
    """What the file says after ``# Marked:``, such as features of ImageNet; may be empty."""

    @classmethod
    def read(cls, name: str) -> Self:
        """The entry of this name in ``entries/``, or in a file NAME.toml.

        Raises RequestError if there is none, or if the file is damaged.
        """
        file = _file(name, HERE / "entries", "entry")
        settings, text = _toml(file), file.read_text(encoding="utf-8")
        top = re.match(r"(#.*\n)*", text)
        lines = [line.lstrip("# ") for line in top[0].splitlines()] if top else []
        marks = [line.removeprefix("Marked: ") for line in lines if line.startswith("Marked: ")]
        comment = next((line for line in lines if not line.startswith("Marked: ")), "")
        return cls(file.stem, file, settings, comment, " ".join(marks))

    @property
    def identity(self) -> str:
        """A hash of the settings; comments and the order of keys do not change it."""
        return hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()


def entry_names() -> list[str]:
    """The names of all files in ``entries/``."""
    return sorted(file.stem for file in (HERE / "entries").glob("*.toml"))


def track_names() -> list[str]:
    """The names of all files in ``tracks/``."""
    return sorted(file.stem for file in (HERE / "tracks").glob("*.toml"))


def _common_entries() -> list[str]:
    """The entries that are not those of certain tracks."""
    special = {entry for name in track_names() for entry in Track.read(name).entries}
    return [name for name in entry_names() if name not in special]


def time_text(seconds: float) -> str:
    """A time for people: ``30 s``, ``10 min``, ``12 h``."""
    if seconds >= 7200:
        return f"{seconds / 3600:.3g} h"
    if seconds >= 60:
        return f"{seconds / 60:.3g} min"
    return f"{seconds:.3g} s"


def _file(name: str, folder: Path, kind: str) -> Path:
    file = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", file.stem):
        raise RequestError(f"{name} is no name of a {kind}: use a-z, 0-9 and hyphens")
    if not file.is_file():
        known = ", ".join(sorted(each.stem for each in folder.glob("*.toml")))
        raise RequestError(f"there is no {kind} {name}: write a file NAME.toml, or one of {known}")
    bundled = folder / file.name
    if bundled.is_file() and not bundled.samefile(file):
        raise RequestError(
            f"{file} has the name of the {kind} {file.stem}, whose results it would replace: "
            "rename the file"
        )
    return file


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RequestError(f"{file} cannot be read: {error}") from None


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            yield f"{prefix}{key}".removesuffix(".name"), text
