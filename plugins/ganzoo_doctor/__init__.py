"""What is wrong with a run: a command that says it, and warnings while the run trains."""

from __future__ import annotations

from ganzoo import CommandSpec, ObserverSpec, hookimpl


@hookimpl
def ganzoo_commands() -> list[CommandSpec]:
    """One command."""
    return [
        CommandSpec(
            name="doctor",
            summary="Say what is wrong with a run, and which setting to try.",
            factory="ganzoo_doctor.command:doctor",
            panel="Look and measure",
        )
    ]


@hookimpl
def ganzoo_observers() -> list[ObserverSpec]:
    """One observer."""
    return [
        ObserverSpec(
            name="doctor",
            summary="Warns of each fault of a run once, such as mode collapse.",
            factory="ganzoo_doctor.warnings:Warnings",
            default=True,
            warning_if_off="nothing warns of mode collapse and other faults",
        )
    ]
