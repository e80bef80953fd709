"""The commands of plugins, remembered in the cache folder: a list of them imports no plugin."""

from __future__ import annotations

import json
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ganzoo.registry import Registry

_CLOCK = 2_000_000_000
"""Nanoseconds by which the times of a file system may be behind."""


class ListedCommand(NamedTuple):
    """What a list shows of a plugin's command."""

    plugin: str
    name: str
    panel: str
    summary: str


def commands_in(registry: Registry) -> list[ListedCommand]:
    """The commands of all plugins that could be loaded."""
    found = []
    for entry in registry.entries("command"):
        spec: Any = entry.component
        found.append(ListedCommand(entry.plugin.name, spec.name, spec.panel, spec.summary))
    return found


def listed_commands(load: Callable[[], Registry]) -> list[ListedCommand]:
    """The commands of all installed plugins.

    They are those of the last time if no plugin failed then and nothing has changed since: the
    entry points, the disabled plugins, the files of all modules that were loaded, their folders,
    and the folders from which Python imports. Otherwise ``load`` is called.
    """
    if os.environ.get("GANZOO_TRACE_PLUGINS") == "1":
        return commands_in(load())
    environment = _environment()
    known = _read()
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        if known["environment"] == environment and known["files"] == _states(known["files"]):
            return [ListedCommand(*map(str, each)) for each in known["commands"]]
    start = time.time_ns()
    registry = load()
    commands, files = commands_in(registry), _states(_paths())
    newest = max(state[0] for state in files.values())
    if not registry.failures and newest < start - _CLOCK:  # else it may have changed meanwhile
        _write({"environment": environment, "files": files, "commands": commands})
    return commands


def _environment() -> list[Any]:
    """What decides which plugins are loaded, as values of JSON."""
    points = sorted([point.name, point.value] for point in entry_points(group="ganzoo"))
    return [sys.version, sys.path, os.environ.get("GANZOO_DISABLE_PLUGINS", ""), points]


def _paths() -> set[str]:
    """The files of all loaded modules except Python's own, their folders, and those of imports."""
    modules = [each for name, each in sys.modules.copy().items() if not _is_own(name)]
    found = (getattr(each, "__dict__", {}).get("__file__") for each in modules)
    files = {file for file in found if isinstance(file, str)}
    return {*files, *map(os.path.dirname, files), *map(os.path.abspath, sys.path)}


def _is_own(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _states(paths: Iterable[str]) -> dict[str, list[int]]:
    """The time of the last change and the size of each path, by which Python recompiles, too."""
    found = {}
    for path in paths:
        found[path] = [0, 0]
        with suppress(OSError):
            state = os.stat(path)  # noqa: PTH116 - Path would take half of the time
            found[path] = [state.st_mtime_ns, state.st_size]
    return found


def _file() -> Any:
    """The file of this Python environment."""
    from ganzoo.folders import cache_folder

    return cache_folder("commands") / f"{zlib.crc32(sys.prefix.encode()):08x}.json"


def _read() -> Any:
    with suppress(OSError, ValueError, RecursionError):  # RequestError is a ValueError
        return json.loads(_file().read_text(encoding="utf-8"))
    return {}


def _write(content: dict[str, Any]) -> None:
    from ganzoo.folders import write_atomically

    with suppress(OSError, ValueError):
        write_atomically(_file(), json.dumps(content))
