"""Checks of the settings ``train.others``, the optimizers of further networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ganzoo.contracts import Networks, Phase
from ganzoo.errors import RequestError, did_you_mean
from ganzoo.run import Run
from ganzoo.training.optimizers import optimizer_options, repeats


def require_used(phases: Sequence[Phase], networks: Networks, run: Run) -> None:
    """Raise RequestError if a section of ``train.others`` has no effect, or cannot have it."""
    for name in run.train.others:
        _require_network(name, networks, run)
        updating = [phase for phase in phases if name in phase.networks]
        if not updating:
            raise RequestError(
                f"train.others.{name}: the loss {run.loss.entry.qualified_name} updates "
                f"{_listed(network for phase in phases for network in phase.networks)}, but not "
                f"{name}: remove the section"
            )
        for phase in updating:
            _require_fit(name, phase, run)


def _require_network(name: str, networks: Networks, run: Run) -> None:
    if name in ("generator", "discriminator"):
        raise RequestError(f"train.others.{name}: write train.{name} instead")
    if name not in networks.others:
        has = f"the architecture {run.architecture.entry.qualified_name} has the networks "
        remedy = did_you_mean(
            f"train.others.{name}", [f"train.others.{k}" for k in networks.others]
        )
        raise RequestError(
            f"train.others.{name}: {has}{_listed(networks.by_name())}"
            f"{remedy or ': remove the section'}"
        )


def _require_fit(name: str, phase: Phase, run: Run) -> None:
    """Require what networks have in common that a phase updates together."""
    train, first = run.train, phase.networks[0]
    own, together = train.others[name], f"the phase {phase.name} updates {_listed(phase.networks)}"
    chosen = optimizer_options(phase, train).optimizer
    if own.optimizer not in (None, chosen):
        raise RequestError(
            f"train.others.{name}.optimizer={own.optimizer}: {together} together, and the "
            f"optimizer of {first} is {chosen}: choose the same one"
        )
    if name != first and own.steps not in (None, repeats(phase, train)):
        raise RequestError(
            f"train.others.{name}.steps={own.steps}: {together} together, as often as {first}: "
            "remove it"
        )


def _listed(names: Iterable[str]) -> str:
    *others, last = dict.fromkeys(names)
    return f"{', '.join(others)} and {last}" if others else last
