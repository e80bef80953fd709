"""The run that the arguments of ``train`` and ``sweep`` describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ganzoo.cli.options import registry
from ganzoo.errors import RequestError

if TYPE_CHECKING:
    from ganzoo.registry import Registry
    from ganzoo.run import Run
    from ganzoo.settings import Settings


class Arguments(NamedTuple):
    """The positional arguments, in the order in which they are applied."""

    files: tuple[str, ...]
    names: tuple[str, ...]
    assignments: tuple[str, ...]

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Self:
        """Sort arguments that may be mixed: files, the three names and ``KEY=VALUE``.

        Raises RequestError for a path with spaces that was not quoted.
        """
        plain = [text for text in arguments if "=" not in text]
        names = tuple(text for text in plain if not text.lower().endswith(".toml"))
        if len(names) > 1:
            from ganzoo.planning.dataset_paths import require_quoted

            require_quoted(names)
        return cls(
            files=tuple(text for text in plain if text.lower().endswith(".toml")),
            names=names,
            assignments=tuple(text for text in arguments if "=" in text),
        )

    @property
    def components(self) -> dict[str, str]:
        """The names of dataset, architecture and loss, by kind, or of the dataset alone.

        Empty if no names are given. Raises RequestError for another number of names.
        """
        from ganzoo.settings import MAIN_KINDS

        if len(self.names) not in (0, 1, len(MAIN_KINDS)):
            raise RequestError(
                f"expected three names, DATASET ARCHITECTURE LOSS, not {len(self.names)}: "
                f"{' '.join(self.names)}; `ganzoo list` shows the names; "
                "a recipe is written as --recipe NAME"
            )
        return dict(zip(MAIN_KINDS, self.names, strict=False))

    def opening(self, known: Registry) -> Arguments:
        """The same with settings instead of names, if the first name is the path of images.

        Raises RequestError if there is no such path, or if no dataset opens it.
        """
        first = self.names[0] if self.names else ""
        from ganzoo.planning.dataset_paths import dataset_of, may_be_path

        if not may_be_path(first):
            return self
        found = dataset_of(first, known)
        if "dataset.path" not in found:
            return self
        others = {kind: name for kind, name in self.components.items() if kind != "dataset"}
        chosen = tuple(f"{key}={value}" for key, value in (found | others).items())
        return self._replace(names=(), assignments=chosen + self.assignments)


class Request:
    """The flags that all runs of a command share: recipe, added components, plugins."""

    def __init__(
        self,
        recipe: str | None,
        added: Mapping[str, Sequence[str]],
        plugin: list[Path] | None,
        disable_plugin: list[str] | None,
    ) -> None:
        self.recipe = recipe
        self.added = added
        self.plugins = [file.absolute() for file in plugin or ()]
        # Cached because a sweep resolves many runs: each broken plugin gets one warning.
        self._registry: Callable[[tuple[Path, ...]], Registry] = cache(
            lambda files: registry(disable_plugin, list(files))
        )

    def resolve(self, arguments: Arguments, flags: Mapping[str, Any]) -> Run:
        """The run that these arguments and flags describe.

        Writes nothing. Raises RequestError if the run is not possible.
        """
        from ganzoo.run import Run

        return Run.resolve(*self.settings(arguments, flags))

    def settings(self, arguments: Arguments, flags: Mapping[str, Any]) -> tuple[Settings, Registry]:
        """The settings that these arguments and flags give, and the plugins for them."""
        from ganzoo.arguments import flags as by_key
        from ganzoo.run import recipe_settings
        from ganzoo.settings import Settings

        settings = Settings()
        _apply(arguments, settings)
        files = self._files(settings)
        known = self._registry(files)
        opened = arguments.opening(known)
        if self.recipe or opened != arguments:
            # The recipe may be in one of these files; the arguments override its settings.
            settings = recipe_settings(self.recipe, known) if self.recipe else Settings()
            _apply(opened, settings)
        if self.plugins:
            settings.set("plugins", list(map(str, files)), "command line")
        settings.add(by_key(flags), "command line")
        for section, names in self.added.items():
            for name in names:
                if "," in name:
                    each = " ".join(f"--{section} {part.strip()}" for part in name.split(","))
                    raise RequestError(f"--{section} {name}: write {each}")
                settings.include(section, name, f"--{section} {name}")
        return settings, known

    def installed(self, kind: str, arguments: Arguments) -> list[str]:
        """The names of all components of a kind, qualified where several have the same."""
        from ganzoo.settings import Settings

        settings = Settings()
        _apply(arguments._replace(names=()), settings)
        return list(self._registry(self._files(settings)).by_name(kind))

    def _files(self, settings: Settings) -> tuple[Path, ...]:
        """The local files that the settings and the command line use as plugins."""
        from ganzoo.run import plugin_files

        return tuple(dict.fromkeys([*plugin_files(settings), *self.plugins]))


def _apply(arguments: Arguments, settings: Settings) -> None:
    """Apply files from left to right, then the names, then ``KEY=VALUE`` from left to right."""
    for file in arguments.files:
        settings.read(Path(file))
    for kind, name in arguments.components.items():
        settings.set(kind, name, "command line")
    settings.override(arguments.assignments)
