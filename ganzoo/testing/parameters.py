"""Checks of the parameters of networks: which are trained, and which never change."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from ganzoo.contracts import GrowingNetwork, Networks
from ganzoo.testing.problems import Problems
from ganzoo.training.weights import is_frozen


def check_gradients(network: nn.Module, name: str, output: Tensor, problems: Problems) -> None:
    """All trainable parameters get a gradient; of a growing network, those of its last stage.

    Parameters that the network declares as frozen, or that the check allows, need none.
    """
    parameters: Iterable[nn.Parameter] = network.parameters()
    if isinstance(network, GrowingNetwork):
        parameters = network.stage_parameters(len(network.stages) - 1)
    belongs = {id(parameter) for parameter in parameters}
    expected = {
        key: parameter
        for key, parameter in network.named_parameters()
        if parameter.requires_grad and id(parameter) in belongs and not is_frozen(network, key)
    }
    if not problems.expect(
        expected,
        "it has no trainable parameters: requires_grad is False, or frozen_parameters names them, "
        "for all of them",
    ):
        return
    if output.requires_grad:
        output.square().sum().backward()
    missing = [
        key
        for key, parameter in expected.items()
        if parameter.grad is None and not _is_named(problems.allowed, f"{name}.{key}")
    ]
    more = f" and {len(missing) - 3} more parameters" if len(missing) > 3 else ""
    problems.expect(
        not missing,
        f"no gradient for {', '.join(missing[:3])}{more}: use them in forward(), name them in the "
        f"network's frozen_parameters if training never changes them, or allow them: "
        f'check_plugin(..., allow={{"NAME": ["{name}.{"".join(missing[:1])}"]}})',
    )
    network.zero_grad()


def check_frozen(networks: Networks, again: Networks, problems: Problems) -> None:
    """Frozen parameters have no gradient, and two networks have the same ones."""
    for name, network in networks.by_name().items():
        part, other = problems.of(name), again.by_name()[name].state_dict()
        trained = {key for key, each in network.named_parameters() if each.requires_grad}
        frozen = {key: v for key, v in network.state_dict().items() if is_frozen(network, key)}
        for key, value in frozen.items():
            part.expect(
                key not in trained,
                f"frozen_parameters names {key}, which is trained: call requires_grad_(False) on "
                "it, or do not name it",
            )
            part.expect(
                torch.equal(value, other[key]),
                f"frozen_parameters names {key}, which differs in the next network that is built: "
                "make it from a file or from a seed of its own, since checkpoints do not store it",
            )
        for declared in getattr(network, "frozen_parameters", ()):
            known = any(_is_named([declared], key) for key in network.state_dict())
            part.expect(known, f"frozen_parameters names {declared}, which it does not have")


def _is_named(prefixes: Iterable[str], name: str) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)
