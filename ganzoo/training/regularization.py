"""Regularizers among the phases of a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import wraps
from types import MappingProxyType

import torch

from ganzoo.attribution import PluginCode
from ganzoo.contracts import Phase, Regularizer, Step, Terms
from ganzoo.errors import RequestError
from ganzoo.returned_values import require_terms
from ganzoo.training.labeled_step import labeled


def regularized(
    phases: Sequence[Phase],
    regularizers: Mapping[str, Regularizer],
    codes: Mapping[str, PluginCode] = MappingProxyType({}),
) -> list[Phase]:
    """The phases, with each regularizer in every update of its network, or every n steps.

    A regularizer for every step adds its terms to the phases of its network. One for every n-th
    step gets a phase of its own after them, with its name. ``codes`` are the contexts in which the
    terms of regularizers are computed; they attribute errors to plugins.

    Raises RequestError if no phase updates the network of a regularizer.
    """
    result = list(phases)
    for name, regularizer in regularizers.items():
        for network in networks_of(regularizer):
            _require_trained(name, network, phases)
        chosen = set(networks_of(regularizer))
        places = [n for n, phase in enumerate(result) if chosen & set(phase.networks)]
        if regularizer.every > 1:
            result.insert(places[-1] + 1, _lazy(name, regularizer, result[places[0]]))
            continue
        in_every_step = [place for place in places if result[place].every == 1]
        own = [place for place in places if result[place].name not in regularizers]
        for place in in_every_step or own:
            code = codes.get(name, nullcontext())
            result[place] = _with_terms(result[place], name, regularizer, code)
    return result


def networks_of(regularizer: Regularizer) -> tuple[str, ...]:
    """The names of the networks that a regularizer is for."""
    network = regularizer.network
    return (network,) if isinstance(network, str) else network


def _require_trained(name: str, network: str, phases: Sequence[Phase]) -> None:
    trained = dict.fromkeys(each for phase in phases for each in phase.networks)
    if network not in trained:
        raise RequestError(
            f"regularize.{name} is for the network {network}, which the loss does not train: it "
            f"trains {', '.join(trained)}"
        )


def _lazy(name: str, regularizer: Regularizer, phase: Phase) -> Phase:
    """A phase of the regularizer's terms, which updates the same networks as ``phase``."""

    @wraps(regularizer.terms)  # errors name its place
    def terms(step: Step) -> Terms:
        return regularizer.terms(labeled(step, name))

    return Phase(
        name=name,
        networks=phase.networks,
        terms=terms,
        constrain=phase.constrain,
        optimizer=phase.optimizer,
        repeats=1,
        every=regularizer.every,
        full_precision=True,
    )


def _with_terms(
    phase: Phase, name: str, regularizer: Regularizer, code: AbstractContextManager[None]
) -> Phase:
    """The phase with the regularizer's terms added, which are computed in float32.

    A term whose name the phase has already is called ``NAME/TERM``.
    """

    def terms(step: Step) -> Terms:
        own = phase.terms(step)
        require_terms(own, f"the phase {phase.name}", phase.terms)
        device = next(iter(own.values())).device.type
        with code, torch.autocast(device, enabled=False):
            added = regularizer.terms(labeled(step, name))
            require_terms(added, f"the regularizer {name}", regularizer.terms)
        named = {f"{name}/{key}" if key in own else key: term for key, term in added.items()}
        return {**own, **named}

    return replace(phase, terms=terms)
