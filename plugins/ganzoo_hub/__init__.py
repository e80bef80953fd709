"""The commands `ganzoo push` and `ganzoo pull`: exported generators in a folder or on a hub."""

from __future__ import annotations

from ganzoo import CommandSpec, hookimpl


@hookimpl
def ganzoo_commands() -> list[CommandSpec]:
    """Both commands."""
    return [
        CommandSpec(
            name="push",
            summary="Write an exported generator with its card to a folder or to Hugging Face.",
            factory="ganzoo_hub.push:push",
        ),
        CommandSpec(
            name="pull",
            summary="Get an exported generator from a folder or from Hugging Face, and check it.",
            factory="ganzoo_hub.pull:pull",
        ),
    ]
