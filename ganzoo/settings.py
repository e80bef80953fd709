"""Settings gathered layer by layer, each value remembering where it came from."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from pydantic import ValidationError

from ganzoo.errors import RequestError, did_you_mean
from ganzoo.folders import RunFolder

_KEY = re.compile(r"[A-Za-z_][\w-]*(\.[\w/-]+)*")

NAMED = ("dataset", "architecture", "loss")
"""The components that every run names."""

_NAMED_BY_VALUE = (*NAMED, "extractor")
"""Sections of one component: ``loss=hinge`` is short for ``loss.name=hinge``."""

_DEEPEST = 10
"""Sections inside sections; those that there are have four."""


class _Number(float):
    """A number that is shown as it was written: a folder or class may be called 2024.10.

    Options that are numbers make plain ones of it, and options that are texts keep what it shows.
    """

    _text: str

    def __new__(cls, text: str) -> Self:
        self = super().__new__(cls, text)
        self._text = text
        return self

    def __str__(self) -> str:
        return self._text


class Stored(NamedTuple):
    """That settings are those of a run that was started before."""

    origin: str
    """The origin of the values that the run has kept."""
    plugins: Sequence[str]
    """The plugins that it noted, as ``foo (ganzoo-foo 1.2)``."""


class Settings:
    """A nested mapping of values by dotted key; what is set later wins."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.stored: Stored | None = None

    @classmethod
    def of_run(cls, folder: RunFolder) -> Self:
        """The settings that a run was last started with."""
        settings = cls()
        settings.read(folder.settings)
        settings.stored = Stored(str(folder.settings), folder.plugins())
        return settings

    def read(self, path: Path) -> None:
        """Add every value of a TOML file.

        Raises RequestError naming the file if it is missing or is not TOML.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            raise RequestError(f"there is no settings file {path}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise RequestError(f"cannot read the settings file {path}: {error}") from error
        self.parse(text, origin=str(path))

    def parse(self, text: str, origin: str) -> None:
        """Add every value of a TOML text."""
        try:
            tree = tomllib.loads(text, parse_float=_Number)
        except (ValueError, RecursionError) as error:  # the first for a number of 5,000 digits, too
            raise RequestError(f"{origin} is not TOML: {error}") from error
        self.add(tree, origin)

    def add(self, tree: Mapping[str, Any], origin: str) -> None:
        """Add every value of a nested mapping, whose keys may be dotted too."""
        # Names first: they drop the options of another component, and tables have no order.
        for key, value in sorted(_leaves(tree), key=lambda leaf: not _is_name(leaf[0])):
            self.set(key, value, origin)

    def override(self, assignments: Iterable[str], origin: str = "command line") -> None:
        """Add ``key=value`` arguments; a value is JSON if it parses as JSON, else text."""
        for assignment in assignments:
            key, equals, text = assignment.partition("=")
            if not (equals and _KEY.fullmatch(key)):
                raise RequestError(f"expected KEY=VALUE, such as train.steps=1000: {assignment!r}")
            try:
                value = json.loads(text, parse_float=_Number, parse_constant=str)
            except (ValueError, RecursionError):
                value = text
            self.add({key: value}, origin)

    def set(self, key: str, value: Any, origin: str) -> None:
        """Set one value; naming another component drops the options of the one before.

        Raises RequestError for a value that no file could keep.
        """
        _require_plain(key, value)
        *parents, leaf = key.split(".")
        if not parents and leaf in _NAMED_BY_VALUE and isinstance(value, str):
            parents, leaf = [leaf], "name"
        if key.startswith("augment.") and "/" in key:
            self._set_qualified(key, value, origin)
            return
        if parents == ["augment"] and isinstance(value, bool):
            self.drop(key)
            if not value:
                return
            value = {}
        if parents and leaf == "name":
            value = self._rename(".".join(parents), value)
        if value == {} and parents != ["augment"]:
            return
        node = self.values
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                raise RequestError(f"cannot set {key}: {parent} is a plain value, not a section")
        if isinstance(node.get(leaf), dict):
            self.drop(".".join([*parents, leaf]))
        node[leaf] = value
        full = ".".join([*parents, leaf])
        self.origins.pop(full, None)  # the order of the keys is the order in which they were set
        self.origins[full] = origin

    def _set_qualified(self, key: str, value: Any, origin: str) -> None:
        """``augment.plugin/flip`` is the section ``augment.flip`` of that name."""
        _, name, *option = key.split(".")
        section = f"augment.{name.partition('/')[2]}"
        if option or value not in (True, {}):
            self.set(".".join([section, *option]), value, origin)
        if option or value is not False:
            self.set(f"{section}.name", name, origin)

    def _rename(self, section: str, name: Any) -> Any:
        """The name that a section gets; if it had another component's, its options go."""
        node: Any = self.values
        for part in section.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        before = node.get("name", name) if isinstance(node, dict) else name
        if str(before).endswith(f"/{name}"):  # the short name of the same
            return before
        if before != name:
            self.drop(section)
        return name

    def recommend(self, values: Mapping[str, Any], origin: str) -> None:
        """Set each value where nothing has been set so far, at its key or below."""
        for key, value in values.items():
            if not any(f"{known}.".startswith(f"{key}.") for known in self.origins):
                self.set(key, value, origin)

    def is_stored(self, key: str) -> bool:
        """Whether the value of a key is what a run that was started before has kept."""
        return self.stored is not None and self.origins.get(key) == self.stored.origin

    def drop(self, section: str) -> None:
        """Forget a section: its values and where they came from."""
        *parents, leaf = section.split(".")
        node = self.values
        for parent in parents:
            node = node.get(parent, {})
            if not isinstance(node, dict):
                return
        node.pop(leaf, None)
        for key in [key for key in self.origins if f"{key}.".startswith(f"{section}.")]:
            del self.origins[key]


def listed(names: Any) -> Any:
    """The names in a text, with commas and perhaps blanks between them; what is no text as it is.

    A number is a text, too: a class may be called 5 or 2024.10.
    """
    if isinstance(names, int | float) and not isinstance(names, bool):
        names = str(names)
    if not isinstance(names, str):
        return names
    return tuple(name for each in names.split(",") if (name := each.strip()))


def explain(
    values: Mapping[str, Any], origins: Mapping[str, str]
) -> Iterator[tuple[str, Any, str]]:
    """Every ``(key, value, origin)`` of a validated tree; what nobody set is a default."""
    for key, value in _leaves(values):
        yield key, value, origins.get(key, "default")


def changes_of(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What each setting that is not the same was, and is; ``None`` where it is not there."""
    old, new = dict(_leaves(before)), dict(_leaves(now))
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return {key: (old.get(key), new.get(key)) for key in keys}


def reworded(
    error: ValidationError,
    section: str,
    known: Iterable[str],
    origins: Mapping[str, str],
    elsewhere: Iterable[str] = (),
) -> RequestError:
    """A validation error as one line: which key, what is wrong, where it was set, what is meant.

    ``known`` are the keys that may stand there, ``elsewhere`` those of other sections.
    """
    first = error.errors()[0]
    place = [part for part in (section, *first["loc"]) if part not in ("", "[key]")]
    key = ".".join(str(part) for part in place)
    origin = origins.get(key, "command line")
    where = "" if origin == "command line" else f" (set by {origin})"
    if first["type"] == "extra_forbidden":
        return RequestError(f"there is no setting {key}{where}{meant(key, known, elsewhere)}")
    message = first["msg"].removeprefix("Value error, ")
    return RequestError(f"{key}={_shown(first['input'])}: {message[0].lower()}{message[1:]}{where}")


def meant(key: str, known: Iterable[str], elsewhere: Iterable[str] = ()) -> str:
    """``"; did you mean ...?"`` with the keys that end like this one, or the nearest; or nothing.

    ``"lr"`` and ``"train.lr"`` name both ``train.generator.lr`` and ``train.discriminator.lr``.
    """
    near, far = list(known), list(elsewhere)
    last = key.rpartition(".")[2]
    each = dict.fromkeys([*near, *far])
    same = [k for k in each if k.endswith(f".{key}")] or [
        k for k in each if k.rpartition(".")[2] == last
    ]
    if same:
        return f"; did you mean {' or '.join(same)}?"
    return did_you_mean(key, near) or did_you_mean(key, far)


def _is_name(key: str) -> bool:
    return key in _NAMED_BY_VALUE or key.endswith(".name")


def _require_plain(key: str, value: Any) -> None:
    """Raise RequestError for half of a surrogate pair, and for lists in lists in lists."""
    try:
        json.dumps([key, value], ensure_ascii=False, default=str).encode()
    except (UnicodeEncodeError, RecursionError):
        raise RequestError(
            f"{ascii(key)[1:-1]}: the value is no text in UTF-8, or nested too deep"
        ) from None


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if key.count(".") > _DEEPEST:
            raise RequestError(f"there is no setting as deep in sections as {key[:60]}...")
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{key}.")
        else:
            yield key, value


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
