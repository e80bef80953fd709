"""What computing the terms of an update changes, to undo it."""

from __future__ import annotations

import copy

import torch

from ganzoo.training.setup import Setup


class Snapshot:
    """The buffers of the networks, and the states of components.

    Batch norm's statistics, for example, include what is not finite.
    """

    def __init__(self, setup: Setup) -> None:
        self._buffers = [b for network in setup.networks.values() for b in network.buffers()]
        self._values = [buffer.clone() for buffer in self._buffers]
        self._components = list(setup.components.stateful().values())
        self._states = [copy.deepcopy(dict(each.state_dict())) for each in self._components]

    @torch.no_grad()
    def restore(self) -> None:
        """Restore the values from before the update; this may be called several times."""
        if self._buffers:
            torch._foreach_copy_(self._buffers, self._values)
        for component, state in zip(self._components, self._states, strict=True):
            component.load_state_dict(copy.deepcopy(state))
