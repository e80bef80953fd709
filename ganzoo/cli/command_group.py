"""A group of commands, of the core and of plugins, that are imported when they are used."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from ganzoo.cli.commands import COMMANDS, GROUPS, PANELS
from ganzoo.cli.listed_commands import ListedCommand, commands_in, listed_commands
from ganzoo.errors import UnknownName

if TYPE_CHECKING:
    from ganzoo.registry import Registry

# Typer does not export the base class of its usage errors; its module differs between releases.
USAGE_ERROR: Any = typer.BadParameter.__mro__[2]


class CommandGroup(TyperGroup):
    """The commands of the core, and those of plugins in the same group.

    A plugin's command whose name is taken has the qualified name ``PLUGIN/NAME``. Plugins are
    loaded for a name that is no command of the core, and for a list if they have changed.
    """

    code: AbstractContextManager[None] = nullcontext()

    def __init__(self, *, words: Sequence[str] = (), **settings: Any) -> None:
        super().__init__(**settings)
        self._words = list(words)
        self._plugins: dict[str, ListedCommand] | None = None
        for each in COMMANDS:
            *group, name = each.name.split(" ")
            if group == self._words:
                self.commands[name] = LazyCommand(name, each, partial(_core, each))
            elif not self._words:
                self.commands.setdefault(group[0], _group(group[0], GROUPS[group[0]], PANELS[2]))

    def get_params(self, ctx: Any) -> list[Any]:
        """Its options."""
        from ganzoo.plugin_commands import with_plain_values

        return with_plain_values(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, those of plugins last."""
        files = ctx.find_root().params.get("plugin")
        load = partial(_registry, ctx)
        self._add(ctx, lambda: commands_in(load()) if files else listed_commands(load))
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, which may be qualified; ``None`` if there is none.

        Raises UnknownName if several plugins have it.
        """
        if cmd_name not in self.commands:
            self._add(ctx, lambda: commands_in(_registry(ctx)))
        found = super().get_command(ctx, self._unqualified(cmd_name))
        qualified = [name for name in self._plugins or () if name.endswith(f"/{cmd_name}")]
        if found is None and qualified:
            choices = " or ".join(qualified)
            raise UnknownName(f"the command {cmd_name} is ambiguous: write {choices}")
        return found

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words of the command line, with the user's home folder in place of ``~``."""
        return super().parse_args(ctx, [_with_home_folder(word) for word in args])

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error in a plugin's code is raised as PluginError."""
        try:
            return super().invoke(ctx)
        except (OSError, USAGE_ERROR, typer.Exit, typer.Abort):
            raise
        except Exception:
            command: Any = self.commands.get(self._unqualified(ctx.invoked_subcommand or ""), self)
            with command.code:
                raise

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands by heading, then the options; only of a group without Rich's help."""
        names = self.list_commands(ctx)
        width = max(map(len, names))
        panels: dict[str, list[tuple[str, str]]] = {panel: [] for panel in PANELS}
        for name in names:
            command: Any = self.commands[name]
            rows = panels.setdefault(command.rich_help_panel or "Commands of plugins", [])
            rows.append((name.ljust(width), command.help))
        records = [parameter.get_help_record(ctx) for parameter in self.get_params(ctx)]
        panels["Options"] = [record for record in records if record]
        for panel, rows in panels.items():
            with formatter.section(typer.style(panel, bold=True)):
                formatter.write_dl([(typer.style(name, fg="cyan"), text) for name, text in rows])

    def _unqualified(self, name: str) -> str:
        """The name that a qualified name has here; another name is returned unchanged."""
        for own, each in (self._plugins or {}).items():
            if name == f"{each.plugin}/{each.name.rpartition(' ')[2]}":
                return own
        return name

    def _add(self, ctx: Any, commands: Callable[[], Sequence[ListedCommand]]) -> None:
        """Add the commands of plugins to this group."""
        if self._plugins is not None:
            return
        self._plugins = {}
        core, inside = set(self.commands), []
        for each in commands():
            *group, name = each.name.split(" ")
            if group == self._words:
                inside.append((name, each))
            elif not self._words and group[0] not in self.commands:
                self.commands[group[0]] = _group(group[0], "Commands of plugins.", None)
        names = [name for name, _ in inside]
        for name, each in inside:
            is_taken = name in core or names.count(name) > 1
            own = f"{each.plugin}/{name}" if is_taken else name
            self._plugins[own] = each
            self.commands[own] = LazyCommand(own, each, partial(_of_plugin, ctx, each))


class LazyCommand(TyperCommand):
    """Stands for a command in a list: it knows its summary, and imports it when it is used."""

    code: AbstractContextManager[None] = nullcontext()
    """Raises PluginError for errors of the command's code, if it is a plugin's."""

    def __init__(self, name: str, listed: Any, find: Callable[[], Any]) -> None:
        super().__init__(name=name, help=listed.summary, rich_help_panel=listed.panel or None)
        self._find = find

    def load(self) -> Any:
        """The command itself, which is imported now."""
        from ganzoo.plugin_commands import command_of

        declared, self.code = self._find()
        with self.code:
            return command_of(declared)

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """The context of the command, which is imported now."""
        return self.load().make_context(info_name, args, parent=parent, **extra)


def _with_home_folder(word: str) -> str:
    """``~/x`` and ``--out=~/x`` with the user's home folder: shells replace it only in the first.

    A word is unchanged if there is no such user.
    """
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return option + equals + os.path.expanduser(value)  # noqa: PTH111 - Path removes slashes


def _group(name: str, text: str, panel: str | None) -> CommandGroup:
    return CommandGroup(
        words=[name],
        name=name,
        help=text,
        no_args_is_help=True,
        rich_markup_mode="rich",
        rich_help_panel=panel,
    )


def _core(command: Any) -> tuple[Any, AbstractContextManager[None]]:
    return command, nullcontext()


def _of_plugin(ctx: Any, listed: ListedCommand) -> tuple[Any, AbstractContextManager[None]]:
    entry = _registry(ctx).find("command", f"{listed.plugin}/{listed.name}")
    return entry.component, entry.code


def _registry(ctx: Any) -> Registry:
    """All plugins, loaded once; prints a warning for each that fails to load."""
    from ganzoo.cli.options import registry

    root = ctx.find_root()
    if "ganzoo.registry" not in root.meta:
        root.meta["ganzoo.registry"] = registry(None, root.params.get("plugin"))
    found: Registry = root.meta["ganzoo.registry"]
    return found
