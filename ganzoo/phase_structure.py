"""Checks of the phases of a method, and of what they update.

Each check raises ContractError, which names the method or the function at fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganzoo.contracts import Phase
from ganzoo.errors import ContractError, described
from ganzoo.journal import GROUPS


def require_phases(phases: Any, method: Any) -> None:
    """Raise ContractError if these are not the phases of a method."""
    if not isinstance(phases, Sequence) or not all(isinstance(each, Phase) for each in phases):
        raise ContractError(
            f"phases() returned {described(phases)}, not a list of ganzoo.Phase", method
        )
    names = [phase.name for phase in phases]
    for phase in phases:
        if phase.name in GROUPS:
            what = f"a phase has the name {phase.name}, as numbers that ganzoo reports"
            raise ContractError(what, method)
        if wrong := _wrong_field(phase):
            field, expected = wrong
            value = getattr(phase, field)
            raise ContractError(f"{field} of the phase {phase.name} is {value!r}, not {expected}")
        if names.count(phase.name) > 1:
            raise ContractError(f"two phases have the name {phase.name}", method)
    _require_simultaneous(phases, method)
    _require_fakes(phases, method)
    # Phases with the same networks share one optimizer, which is found by the names in this order.
    written = {phase.networks for phase in phases}
    if len({tuple(sorted(networks)) for networks in written}) < len(written):
        raise ContractError("two phases name the same networks in another order", method)


def _require_simultaneous(phases: Sequence[Phase], method: Any) -> None:
    """Raise ContractError if phases are simultaneous with what they cannot be."""
    firsts: dict[str, list[Phase]] = {}
    for phase in phases:
        name = phase.simultaneous_with
        if not name:
            firsts[phase.name] = [phase]
            continue
        others = firsts.get(name)
        if others is None:
            raise ContractError(
                f"simultaneous_with of the phase {phase.name} is {name!r}, not the name of an "
                "earlier phase that has none itself",
                method,
            )
        if any(set(other.networks) & set(phase.networks) for other in others):
            raise ContractError(
                f"the phases {name} and {phase.name} are simultaneous and update the same network",
                method,
            )
        if phase.every != others[0].every:
            raise ContractError(
                f"the phases {name} and {phase.name} are simultaneous, but every differs", method
            )
        others.append(phase)


def _require_fakes(phases: Sequence[Phase], method: Any) -> None:
    """Raise ContractError if a phase uses generated images that are not there, or are outdated."""
    for place, phase in enumerate(phases):
        if not (name := phase.fakes_of):
            continue
        earlier = {other.name: number for number, other in enumerate(phases[:place])}
        if name not in earlier:
            raise ContractError(
                f"fakes_of of the phase {phase.name} is {name!r}, not the name of an earlier phase",
                method,
            )
        if phase.every != phases[earlier[name]].every:
            raise ContractError(
                f"the phase {phase.name} uses the images of {name}, but every differs", method
            )
        for other in phases[earlier[name] : place]:
            if "generator" in other.networks:
                raise ContractError(
                    f"the phase {phase.name} uses the images of {name}, but {other.name} updates "
                    "the generator before",
                    method,
                )
        if phase.simultaneous_with:
            raise ContractError(
                f"the phase {phase.name} has fakes_of and simultaneous_with: remove one", method
            )


def _wrong_field(phase: Any) -> tuple[str, str] | None:
    """The first field of a phase that is wrong, and what it must be."""
    number, function = "a whole number from 1 on", "a function of the step"
    networks = phase.networks
    are_names = isinstance(networks, tuple) and all(isinstance(name, str) for name in networks)
    expected = {
        "name": (isinstance(phase.name, str) and bool(phase.name), "a text"),
        "networks": (are_names and bool(networks), 'names such as ("generator",)'),
        "terms": (callable(phase.terms), function),
        "optimizer": (phase.optimizer in _SECTIONS, '"generator" or "discriminator"'),
        "repeats": (phase.repeats is None or is_count(phase.repeats), number),
        "every": (is_count(phase.every), number),
        "constrain": (phase.constrain is None or callable(phase.constrain), function),
        "after": (phase.after is None or callable(phase.after), function),
    }
    return next(((name, what) for name, (is_right, what) in expected.items() if not is_right), None)


_SECTIONS = ("", "generator", "discriminator")


def is_count(value: Any) -> bool:
    """Whether this is a whole number from 1 on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def require_gradient(phase: Phase, *, exists: bool) -> None:
    """Raise ContractError if no parameter of a phase's networks has a gradient."""
    if not exists:
        networks = " and ".join(phase.networks)
        raise ContractError(
            f"the terms of the phase {phase.name} have no gradient for the {networks}", phase.terms
        )
