"""The command `ganzoo data fetch`: download images from a list of URLs."""

from __future__ import annotations

from ganzoo import CommandSpec, hookimpl


@hookimpl
def ganzoo_commands() -> list[CommandSpec]:
    """The command."""
    return [
        CommandSpec(
            name="data fetch",
            summary="Download the images of a list of URLs into a folder for image-folder.",
            factory="ganzoo_fetch.command:fetch",
        )
    ]
