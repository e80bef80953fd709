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


def optimizer_options(phase: Phase, train: TrainOptions) -> OptimizerOptions:
    """The settings of a phase's optimizer."""
    section = phase.optimizer or phase.networks[0]
    return train.discriminator if section == "discriminator" else train.generator


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
        self._optimizers: dict[tuple[str, ...], torch.optim.Optimizer] = {}
        for phase in phases:
            if phase.networks in self._optimizers:
                continue
            trained = {k: schedule.trained_parameters(networks[k], stage) for k in phase.networks}
            named = _named(trained)
            if not named:
                raise RequestError(
                    f"{' and '.join(phase.networks)} have no parameters to train: choose an "
                    "architecture whose networks fit the loss"
                )
            self.parameters[phase.networks] = named
            options = optimizer_options(phase, train)
            self._optimizers[phase.networks] = _optimizer(list(named.values()), options)
        self.set_values(train)

    def of(self, phase: Phase) -> torch.optim.Optimizer:
        """The optimizer of a phase."""
        return self._optimizers[phase.networks]

    def set_values(self, train: TrainOptions) -> None:
        """Use these learning rates and betas from now on."""
        for phase in self._phases:
            options, c = optimizer_options(phase, train), self._corrections[phase.networks]
            lr, betas = options.lr * self._lr_factor * c, [beta**c for beta in options.betas]
            for group in self._optimizers[phase.networks].param_groups:
                group["lr"] = lr
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


def _named(trained: Mapping[str, Named]) -> Named:
    """The parameters of several networks; those that networks share are in it once.

    Networks share parameters in CoGAN, for example (Liu and Tuzel 2016, arXiv 1606.07536).
    """
    named: dict[str, nn.Parameter] = {}
    for network, parameters in trained.items():
        known = {id(parameter) for parameter in named.values()}
        own = {f"{network}.{name}": p for name, p in parameters.items() if id(p) not in known}
        named.update(own)
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


def _adam(parameters: list[nn.Parameter], options: OptimizerOptions) -> torch.optim.Optimizer:
    fused = parameters[0].device.type in _FUSED
    return torch.optim.Adam(parameters, betas=options.betas, eps=options.eps, fused=fused)


def _rmsprop(parameters: list[nn.Parameter], options: OptimizerOptions) -> torch.optim.Optimizer:
    return torch.optim.RMSprop(parameters, eps=options.eps, foreach=True)  # there is no fused one


def _sgd(parameters: list[nn.Parameter], options: OptimizerOptions) -> torch.optim.Optimizer:
    fused = parameters[0].device.type in _FUSED
    return torch.optim.SGD(parameters, momentum=options.betas[0], fused=fused)


_KINDS: Mapping[str, Callable[[list[nn.Parameter], OptimizerOptions], torch.optim.Optimizer]] = {
    "adam": _adam,
    "rmsprop": _rmsprop,
    "sgd": _sgd,
}


def _optimizer(parameters: list[nn.Parameter], options: OptimizerOptions) -> torch.optim.Optimizer:
    """A new optimizer; ``set_values`` sets its learning rate."""
    return _KINDS[options.optimizer](parameters, options)


def _load(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load an optimizer's state, but keep the current learning rate and other options."""
    now = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
    if state["param_groups"][0].keys() != optimizer.param_groups[0].keys():
        raise ValueError("the checkpoint has the state of another optimizer")
    optimizer.load_state_dict(state)
    for group, values in zip(optimizer.param_groups, now, strict=True):
        group.update(values)
