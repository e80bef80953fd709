"""The optimizers of a run: one for each set of networks that phases update together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from ganzoo.contracts import Phase
from ganzoo.errors import RequestError
from ganzoo.sections import OptimizerOptions, TrainOptions
from ganzoo.training.growth import GrowthSchedule, Stage

Named = Mapping[str, nn.Parameter]
"""Parameters by ``NETWORK.PARAMETER``."""


def optimizer_options(phase: Phase, train: TrainOptions, network: str = "") -> OptimizerOptions:
    """The settings by which a phase updates one of its networks, by default the first.

    What ``train.others`` says of the network counts, then the section of the phase.
    """
    network = network or phase.networks[0]
    section = phase.optimizer or phase.networks[0]
    options = train.discriminator if section == "discriminator" else train.generator
    if own := train.others.get(network):
        return options.model_copy(update=own.model_dump(exclude_none=True))
    return options


def repeats(phase: Phase, train: TrainOptions) -> int:
    """The number of updates of a phase in a row."""
    return optimizer_options(phase, train).steps if phase.repeats is None else phase.repeats


class Optimizers:
    """The optimizers of a stage, by the names of their networks.

    Raises RequestError if a phase has no parameters to train.
    """

    def __init__(
        self,
        phases: Sequence[Phase],
        networks: Mapping[str, nn.Module],
        train: TrainOptions,
        schedule: GrowthSchedule,
        stage: Stage,
    ) -> None:
        self._phases = list(phases)
        self._lr_factor = stage.lr_factor
        self._corrections = lazy_corrections(phases, train)
        self.parameters: dict[tuple[str, ...], Named] = {}
        self._grouped: dict[tuple[str, ...], list[str]] = {}
        """The network of each group of an optimizer's parameters."""
        self._optimizers: dict[tuple[str, ...], torch.optim.Optimizer] = {}
        for phase in phases:
            if phase.networks in self._optimizers:
                continue
            trained = {k: schedule.trained_parameters(networks[k], stage) for k in phase.networks}
            named = _named(trained)
            if not any(named.values()):
                raise RequestError(
                    f"{' and '.join(phase.networks)} have no parameters to train: choose an "
                    "architecture whose networks fit the loss"
                )
            groups = {network: list(own.values()) for network, own in named.items() if own}
            self.parameters[phase.networks] = {
                k: p for own in named.values() for k, p in own.items()
            }
            self._grouped[phase.networks] = list(groups)
            options = optimizer_options(phase, train)
            self._optimizers[phase.networks] = _optimizer(list(groups.values()), options)
        self.set_values(train)

    def of(self, phase: Phase) -> torch.optim.Optimizer:
        """The optimizer of a phase."""
        return self._optimizers[phase.networks]

    def set_values(self, train: TrainOptions) -> None:
        """Use these learning rates, betas and epsilons from now on."""
        for phase in self._phases:
            c = self._corrections[phase.networks]
            groups = self._optimizers[phase.networks].param_groups
            for network, group in zip(self._grouped[phase.networks], groups, strict=True):
                options = optimizer_options(phase, train, network)
                group["lr"] = options.lr * self._lr_factor * c
                betas = [beta**c for beta in options.betas]
                if "eps" in group:
                    group["eps"] = options.eps
                if "betas" in group:
                    group["betas"] = tuple(betas)
                if "momentum" in group and options.optimizer == "sgd":
                    group["momentum"] = betas[0]

    def state_dict(self) -> dict[str, Any]:
        """The state of each optimizer, and the names of the parameters that it trains."""
        return {
            "+".join(networks): {
                "parameters": list(self.parameters[networks]),
                "optimizer": optimizer.state_dict(),
            }
            for networks, optimizer in self._optimizers.items()
        }

    def load_state_dict(self, state: Mapping[str, Any], /) -> None:
        """Restore the optimizers' states, but keep the present learning rates and options.

        Raises RequestError if other parameters are trained now, or by other optimizers.
        """
        trained = {name: saved["parameters"] for name, saved in state.items()}
        if trained != {name: saved["parameters"] for name, saved in self.state_dict().items()}:
            raise RequestError(
                "other layers would be trained now than in the checkpoint: restore the sections "
                "growth, loss and regularize, and train.generator.freeze and "
                "train.discriminator.freeze"
            )
        for networks, optimizer in self._optimizers.items():
            _load(optimizer, state["+".join(networks)]["optimizer"])


def _named(trained: Mapping[str, Named]) -> dict[str, Named]:
    """The parameters by network; those that networks share are in the first one only.

    Networks share parameters in CoGAN, for example (Liu and Tuzel 2016, arXiv 1606.07536).
    """
    named: dict[str, Named] = {}
    known: set[int] = set()
    for network, parameters in trained.items():
        own = {f"{network}.{name}": p for name, p in parameters.items() if id(p) not in known}
        known |= {id(parameter) for parameter in own.values()}
        named[network] = own
    return named


def lazy_corrections(phases: Sequence[Phase], train: TrainOptions) -> dict[tuple[str, ...], float]:
    """The factor c of each optimizer with lazy phases: lr x c and betas ^ c; 1 for the others.

    With n updates in each step and one more every k steps, c = n / (n + 1 / k): k / (k + 1) for
    n = 1 (Karras et al. 2020, arXiv 1912.04958, appendix B).
    """
    updates: dict[tuple[str, ...], float] = {}
    in_every_step: dict[tuple[str, ...], float] = {}
    for phase in phases:
        per_step = repeats(phase, train) / phase.every
        updates[phase.networks] = updates.get(phase.networks, 0) + per_step
        if phase.every == 1:
            in_every_step[phase.networks] = in_every_step.get(phase.networks, 0) + per_step
    return {
        networks: in_every_step[networks] / total if networks in in_every_step else 1.0
        for networks, total in updates.items()
    }


_FUSED = ("cpu", "cuda")
"""The devices on which torch updates all parameters in one call."""


_Groups = list[dict[str, Any]]
"""The parameters of an optimizer, in groups with a learning rate of their own."""


def _adam(groups: _Groups, options: OptimizerOptions, fused: bool) -> torch.optim.Optimizer:
    return torch.optim.Adam(groups, betas=options.betas, eps=options.eps, fused=fused)


def _rmsprop(groups: _Groups, options: OptimizerOptions, fused: bool) -> torch.optim.Optimizer:
    return torch.optim.RMSprop(groups, eps=options.eps, foreach=True)  # there is no fused one


def _sgd(groups: _Groups, options: OptimizerOptions, fused: bool) -> torch.optim.Optimizer:
    return torch.optim.SGD(groups, momentum=options.betas[0], fused=fused)


_KINDS: Mapping[str, Callable[[_Groups, OptimizerOptions, bool], torch.optim.Optimizer]] = {
    "adam": _adam,
    "rmsprop": _rmsprop,
    "sgd": _sgd,
}


def _optimizer(
    groups: Sequence[list[nn.Parameter]], options: OptimizerOptions
) -> torch.optim.Optimizer:
    """A new optimizer; ``set_values`` sets the learning rate, betas and epsilon of each group."""
    fused = groups[0][0].device.type in _FUSED
    return _KINDS[options.optimizer]([{"params": group} for group in groups], options, fused)


def _load(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load an optimizer's state, but keep the current groups, learning rates and other options."""
    if state["param_groups"][0].keys() != optimizer.param_groups[0].keys():
        raise ValueError("the checkpoint has the state of another optimizer")
    groups = optimizer.state_dict()["param_groups"]  # the parameters have the same order
    optimizer.load_state_dict({"state": state["state"], "param_groups": groups})
