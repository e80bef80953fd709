"""Settings from several layers (defaults, files, command line), each value with its origin."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from ganzoo.errors import RequestError
from ganzoo.folders import RunFolder
from ganzoo.schedule import Schedule

_KEY = re.compile(r"[A-Za-z_][\w-]*(\.[\w/-]+)*")

MAIN_KINDS = ("dataset", "architecture", "loss")
"""The kinds of the components that every run needs."""

_SINGLE_COMPONENT_SECTIONS = (*MAIN_KINDS, "extractor")
"""Sections of one component: ``loss=hinge`` is short for ``loss.name=hinge``."""

NAMED_SECTIONS = {"augment": "augmentation", "regularize": "regularizer", "observe": "observer"}
"""Sections of any number of components, with their kind; ``augment.flip`` configures ``flip``.

``augment.flip=true`` adds the component, ``augment.flip=false`` removes it, and
``augment.mirror=flip`` is short for ``augment.mirror.name=flip``.
"""

_MAX_DEPTH = 10
"""Largest number of nested sections; existing settings have four."""


class _Number(float):
    """A float that keeps its text: a folder or class may be called 2024.10.

    Options of type float convert it to a plain float, options of type str to its text.
    """

    _text: str

    def __new__(cls, text: str) -> Self:
        self = super().__new__(cls, text)
        self._text = text
        return self

    def __str__(self) -> str:
        return self._text


class Stored(NamedTuple):
    """Marks settings as those of an existing run."""

    origin: str
    """The origin of the stored values."""
    plugins: Sequence[str]
    """The plugins of the run, as ``foo (ganzoo-foo 1.2)``."""


class Settings:
    """Nested values by dotted key; a later value replaces an earlier one."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.stored: Stored | None = None

    @classmethod
    def of_run(cls, folder: RunFolder) -> Self:
        """The stored settings of a run."""
        settings = cls()
        settings.read(folder.settings)
        settings.stored = Stored(str(folder.settings), folder.plugins())
        return settings

    def copy(self) -> Self:
        """A copy that can be changed without changing this one."""
        return copy.deepcopy(self)

    def read(self, path: Path) -> None:
        """Add all values of a TOML file.

        Raises RequestError if the file is missing, cannot be read or is not TOML.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            raise RequestError(f"there is no settings file {path}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise RequestError(f"cannot read the settings file {path}: {error}") from error
        self.parse(text, origin=str(path))

    def parse(self, text: str, origin: str) -> None:
        """Add all values of a TOML text."""
        try:
            tree = tomllib.loads(text, parse_float=_Number)
        except (ValueError, RecursionError) as error:  # ValueError also for 5,000 digits
            raise RequestError(f"{origin} is not TOML: {error}") from error
        self.add(tree, origin)

    def add(self, tree: Mapping[str, Any], origin: str) -> None:
        """Add all values of a nested mapping; its keys may be dotted."""
        # Names first, since they remove the options of another component; tables have no order.
        for key, value in sorted(_leaves(tree), key=lambda leaf: not _is_name(leaf[0])):
            self.set(key, value, origin)

    def update(self, others: Settings) -> None:
        """Add all values of other settings, with their origins."""
        for key in sorted(others.origins, key=lambda key: not _is_name(key)):
            self.set(key, others._at(key), others.origins[key])

    def override(self, assignments: Iterable[str]) -> None:
        """Add ``KEY=VALUE`` arguments; a value that is not JSON is kept as text."""
        for assignment in assignments:
            key, equals, text = assignment.partition("=")
            if not (equals and _KEY.fullmatch(key)):
                raise RequestError(f"expected KEY=VALUE, such as train.steps=1000: {assignment!r}")
            try:
                value = json.loads(text, parse_float=_Number, parse_constant=str)
            except (ValueError, RecursionError):
                value = text
            self.add({key: value}, "command line")

    def set(self, key: str, value: Any, origin: str) -> None:
        """Set one value. Naming another component removes the options of the previous one.

        Raises RequestError for a value that cannot be stored in a file.
        """
        value = str(value) if isinstance(value, Schedule) else value
        _require_storable(key, value)
        if "/" in key and key.partition(".")[0] in NAMED_SECTIONS:
            self._set_qualified(key, value, origin)
            return
        full = _full_key(key, value)
        *parents, leaf = full.split(".")
        section = ".".join(parents)
        is_component = len(parents) == 1 and section in NAMED_SECTIONS
        if is_component and value is True:
            value = {}
        if self.is_removed(section):
            self.drop(section)
        if section and leaf == "name":
            value = self._rename(section, value)
        if value == {} and not is_component:
            return
        node = self.values
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                raise RequestError(f"cannot set {key}: {parent} is a plain value, not a section")
        if isinstance(node.get(leaf), dict):
            self.drop(full)
        node[leaf] = value
        self.origins.pop(full, None)  # keeps the keys in the order in which they were set
        self.origins[full] = origin

    def _set_qualified(self, key: str, value: Any, origin: str) -> None:
        """Set ``augment.plugin/flip``: the section ``augment.flip`` with that name."""
        kind, name, *option = key.split(".")
        section = f"{kind}.{name.partition('/')[2]}"
        if option or value not in (True, {}):
            self.set(".".join([section, *option]), value, origin)
        if option or value is not False:
            self.set(f"{section}.name", name, origin)

    def _rename(self, section: str, name: Any) -> Any:
        """The new name of a section; the options of another component in it are removed."""
        node = self._at(section)
        before = node.get("name", name) if isinstance(node, dict) else name
        if str(before).endswith(f"/{name}"):  # the short name of the same component
            return before
        if before != name:
            self.drop(section)
        return name

    def recommend(self, values: Mapping[str, Any], origin: str) -> None:
        """Set each value if its key, and any key below it, is not set.

        Values of a component that was removed (``regularize.r1=false``) are not set.
        """
        for key, value in _leaves(values):
            is_set = any(f"{known}.".startswith(f"{key}.") for known in self.origins)
            if not is_set and not self.is_removed(key):
                self.set(key, value, origin)

    def include(self, section: str, name: str, origin: str) -> None:
        """Add a component to a section such as ``augment``, with the options that are set for it.

        The name may be qualified.
        """
        if "/" in name or not isinstance(self._at(f"{section}.{name}"), dict):
            self.set(f"{section}.{name}", {}, origin)

    def is_removed(self, key: str) -> bool:
        """Whether the key belongs to a component that was removed from a named section."""
        section, _, rest = key.partition(".")
        name = rest.partition(".")[0].rpartition("/")[2]
        return section in NAMED_SECTIONS and self._at(f"{section}.{name}") is False

    def _at(self, key: str) -> Any:
        """The value or section of this key; ``None`` without one."""
        node: Any = self.values
        for part in key.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        return node

    def is_stored(self, key: str) -> bool:
        """Whether the value of a key is a stored one of an existing run."""
        return self.stored is not None and self.origins.get(key) == self.stored.origin

    def drop(self, section: str) -> None:
        """Remove a section: its values and their origins."""
        *parents, leaf = section.split(".")
        node = self.values
        for parent in parents:
            node = node.get(parent, {})
            if not isinstance(node, dict):
                return
        node.pop(leaf, None)
        for key in [key for key in self.origins if f"{key}.".startswith(f"{section}.")]:
            del self.origins[key]


def explain(
    values: Mapping[str, Any], origins: Mapping[str, str]
) -> Iterator[tuple[str, Any, str]]:
    """Every ``(key, value, origin)`` of a tree of values; the origin may be ``"default"``."""
    for key, value in _leaves(values):
        yield key, value, origins.get(key, "default")


def changed_values(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The old and the new value of each setting that differs; ``None`` for a missing one."""
    old, new = dict(_leaves(before)), dict(_leaves(now))
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return {key: (old.get(key), new.get(key)) for key in keys}


def _full_key(key: str, value: Any) -> str:
    """The key without a short form: ``loss.name`` for ``loss=hinge``."""
    section = key.partition(".")[0]
    is_component = section in NAMED_SECTIONS and key.count(".") == 1
    is_short = isinstance(value, str) and (is_component or key in _SINGLE_COMPONENT_SECTIONS)
    return f"{key}.name" if is_short else key


def _is_name(key: str) -> bool:
    return key in _SINGLE_COMPONENT_SECTIONS or key.endswith(".name")


def _require_storable(key: str, value: Any) -> None:
    """Raise RequestError for text that is not UTF-8, and for values that are nested too deeply."""
    try:
        json.dumps([key, value], ensure_ascii=False, default=str).encode()
    except (UnicodeEncodeError, RecursionError):
        raise RequestError(
            f"{ascii(key)[1:-1]}: the value is not UTF-8, or nested too deeply"
        ) from None


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if key.count(".") > _MAX_DEPTH:
            raise RequestError(f"settings are nested too deeply: {key[:60]}...")
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{key}.")
        else:
            yield key, value
