"""What a command line asks to be trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Self

import typer

from ganzoo.cli.options import registry

if TYPE_CHECKING:
    from ganzoo.registry import Registry
    from ganzoo.run import Run
    from ganzoo.settings import Settings

RecipeName = Annotated[str | None, typer.Option(help="Start from a recipe's settings.")]
Augmentations = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Add an augmentation; repeatable.")
]


class Words(NamedTuple):
    """The arguments that are no flags, in the order in which they are read."""

    files: tuple[str, ...]
    names: tuple[str, ...]
    assignments: tuple[str, ...]

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Self:
        """Files, the three names and ``KEY=VALUE``, as they stand mixed on a command line."""
        plain = [text for text in arguments if "=" not in text]
        return cls(
            files=tuple(text for text in plain if text.lower().endswith(".toml")),
            names=tuple(text for text in plain if not text.lower().endswith(".toml")),
            assignments=tuple(text for text in arguments if "=" in text),
        )

    @property
    def components(self) -> dict[str, str]:
        """The three names by their kind.

        Raises RequestError if there is another number of them, but for none.
        """
        from ganzoo.errors import RequestError
        from ganzoo.settings import MAIN_KINDS

        if self.names and len(self.names) != len(MAIN_KINDS):
            raise RequestError(
                f"expected DATASET ARCHITECTURE LOSS, three names, not {len(self.names)}: "
                f"{' '.join(self.names)}"
            )
        return dict(zip(MAIN_KINDS, self.names, strict=False))


class Request:
    """What goes with the words: a recipe, augmentations, local plugins, plugins left out."""

    def __init__(
        self,
        recipe: str | None,
        augment: list[str] | None,
        plugin: list[Path] | None,
        disable_plugin: list[str] | None,
    ) -> None:
        self.recipe = recipe
        self.augment = augment or []
        self.plugins = [file.absolute() for file in plugin or ()]
        # Many runs may be asked for at once; a broken plugin is told once.
        self._known = cache(lambda files: registry(disable_plugin, list(files)))

    def resolve(self, words: Words, flags: Mapping[str, Any]) -> tuple[Run, Settings]:
        """The run that is asked for, and its settings, which know where they came from.

        Raises RequestError if it cannot be had; nothing has been written then.
        """
        from ganzoo.api import flags as by_key
        from ganzoo.run import Run, plugin_files, recipe_settings
        from ganzoo.settings import Settings

        settings = Settings()
        _read(words, settings)
        files = tuple(dict.fromkeys([*plugin_files(settings), *self.plugins]))
        known: Registry = self._known(files)
        if self.recipe:  # which may come from one of those files, and which all else goes over
            settings = recipe_settings(self.recipe, known)
            _read(words, settings)
        if self.plugins:
            settings.set("plugins", [str(file) for file in files], "command line")
        settings.add(by_key(flags), "command line")
        settings.recommend({f"augment.{name}": {} for name in self.augment}, "command line")
        return Run.resolve(settings, known), settings


def _read(words: Words, settings: Settings) -> None:
    """Files from left to right, then the three names, then single values from left to right."""
    for file in words.files:
        settings.read(Path(file))
    for kind, name in words.components.items():
        settings.set(kind, name, "command line")
    settings.override(words.assignments)
