"""A group of commands that also has those of plugins, which are imported when they are used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from ganzoo.registry import Entry

# Typer does not export the base class of its usage errors; its module differs between releases.
USAGE_ERROR: Any = typer.BadParameter.__mro__[2]


class PluginGroup(TyperGroup):
    """The commands of the core, and those of plugins in the same group.

    A plugin's command whose name is taken has the qualified name ``PLUGIN/NAME``. Plugins are
    loaded when the help is shown, or for a name that is no command of the core.
    """

    _entries: dict[str, Entry] | None = None
    """The commands of plugins by the name that they have here; ``None`` before they are loaded."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, those of plugins last."""
        self._load(ctx)
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, which may be qualified; ``None`` if there is none.

        Raises UnknownName if several plugins have it.
        """
        if cmd_name not in self.commands:
            self._load(ctx)
        found = super().get_command(ctx, self._unqualified(cmd_name))
        qualified = [name for name in self._entries or () if name.endswith(f"/{cmd_name}")]
        if found is None and qualified:
            from ganzoo.errors import UnknownName

            choices = " or ".join(qualified)
            raise UnknownName(f"the command {cmd_name} is ambiguous: write {choices}")
        return found

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error in a plugin's code is raised as PluginError."""
        try:
            return super().invoke(ctx)
        except (OSError, USAGE_ERROR, typer.Exit, typer.Abort):
            raise
        except Exception:
            name = self._unqualified(ctx.invoked_subcommand or "")
            if entry := (self._entries or {}).get(name):
                with entry.code:
                    raise
            raise

    def _unqualified(self, name: str) -> str:
        """The name that a qualified name has here; another name is returned unchanged."""
        for own, entry in (self._entries or {}).items():
            if name == f"{entry.plugin.name}/{_last_word(entry)}":
                return own
        return name

    def _load(self, ctx: Any) -> None:
        """Add the commands of plugins to this group."""
        if self._entries is not None:
            return
        self._entries = {}
        path, core = _path(ctx), set(self.commands)
        inside: list[tuple[str, Entry]] = []
        for entry in _installed(ctx):
            *group, name = entry.component.name.split(" ")
            if group == path:
                inside.append((name, entry))
            elif not path and group and group[0] not in self.commands:
                self.commands[group[0]] = PluginGroup(
                    name=group[0], help="Commands of plugins.", no_args_is_help=True
                )
        names = [name for name, _ in inside]
        for name, entry in inside:
            is_taken = name in core or names.count(name) > 1
            own = f"{entry.plugin.name}/{name}" if is_taken else name
            self._entries[own] = entry
            self.commands[own] = PluginCommand(entry, own)


class PluginCommand(TyperCommand):
    """Stands for a plugin's command in a list: it knows its summary, and imports it when used."""

    def __init__(self, entry: Entry, name: str) -> None:
        spec: Any = entry.component
        super().__init__(name=name, help=spec.summary, rich_help_panel=spec.panel or None)
        self._entry = entry

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """The context of the plugin's command, which is imported now."""
        from ganzoo.plugin_commands import command_of

        with self._entry.code:
            spec: Any = self._entry.component
            command = command_of(spec)
        return command.make_context(info_name, args, parent=parent, **extra)


def _last_word(entry: Entry) -> str:
    return entry.component.name.rpartition(" ")[2]


def _path(ctx: Any) -> list[str]:
    """The words of a group after ``ganzoo``."""
    return [] if ctx.parent is None else [*_path(ctx.parent), str(ctx.info_name)]


def _installed(ctx: Any) -> Sequence[Entry]:
    """The commands of all plugins; prints a warning for each plugin that fails to load."""
    from ganzoo.cli.options import registry

    return registry(None, ctx.find_root().params.get("plugin")).entries("command")
