"""The weights of a network in a checkpoint; frozen ones by their hash instead of their values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.errors import RequestError


class Weights:
    """The parameters and buffers of a network, as a :class:`~ganzoo.Stateful`.

    A network may have an attribute ``frozen_parameters``: names of parameters and buffers, or
    prefixes of them, that training never changes and that its constructor always makes the same,
    such as the weights of a pretrained network.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = network

    def state_dict(self) -> dict[str, Any]:
        """``weights`` by name, and the SHA-256 of each tensor that is ``frozen``."""
        state = self._network.state_dict()
        frozen = {name for name in state if is_frozen(self._network, name)}
        return {
            "weights": {name: tensor for name, tensor in state.items() if name not in frozen},
            "frozen": {name: digest(state[name]) for name in sorted(frozen)},
        }

    def load_state_dict(self, state: Mapping[str, Any], /) -> None:
        """Restore what ``state_dict`` returned.

        Raises ValueError for another dtype, which torch converts silently, RuntimeError for other
        names or shapes, and RequestError if a frozen tensor has another value now.
        """
        now, weights = self._network.state_dict(), state["weights"]
        for name, tensor in now.items():
            if name in weights and weights[name].dtype != tensor.dtype:
                saved = weights[name].dtype
                raise ValueError(f"{name} is {saved} in the checkpoint and {tensor.dtype} now")
            if name in state["frozen"] and state["frozen"][name] != digest(tensor):
                raise RequestError(
                    f"the frozen weights {name} differ from those that the run was trained with: "
                    "restore the file that they come from, or the version of the plugin"
                )
        frozen = {name: now[name] for name in state["frozen"] if name in now}
        self._network.load_state_dict({**weights, **frozen})


def is_frozen(network: nn.Module, name: str) -> bool:
    """Whether a network says that this parameter or buffer never changes."""
    prefixes: Iterable[str] = getattr(network, "frozen_parameters", ())
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def saved_buffers(network: nn.Module) -> list[Tensor]:
    """The floating-point buffers that checkpoints contain; the others never change."""
    saved = network.state_dict().keys()
    named = network.named_buffers()
    return [buffer for name, buffer in named if name in saved and buffer.is_floating_point()]


def digest(tensor: Tensor) -> str:
    """The SHA-256 of a tensor's dtype, shape and values."""
    hashed = hashlib.sha256(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
    values = tensor.detach().cpu().contiguous().flatten()
    hashed.update(values.view(torch.uint8).numpy().tobytes())
    return hashed.hexdigest()
