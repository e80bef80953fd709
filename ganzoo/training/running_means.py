"""Sums of scalars, kept on the device until somebody asks for their means."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class RunningMeans:
    """Adds up scalars by name without waiting for the device."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, name: str, value: Tensor) -> None:
        """Count one more value, a tensor of no dimensions."""
        value = value.detach().float()
        if name in self._sums:
            self._sums[name] += value
        else:
            self._sums[name] = value.clone()
        self._counts[name] = self._counts.get(name, 0) + 1

    def means(self) -> dict[str, float]:
        """The mean of each since the last reset; waits for the device once."""
        if not self._sums:
            return {}
        sums = torch.stack(list(self._sums.values())).tolist()
        return {name: s / self._counts[name] for name, s in zip(self._sums, sums, strict=True)}

    def reset(self) -> None:
        """Start anew."""
        self._sums.clear()
        self._counts.clear()

    def state(self) -> dict[str, list[Tensor | int]]:
        """What a checkpoint keeps, so that a report that spans a stop comes out the same."""
        return {name: [s.cpu(), self._counts[name]] for name, s in self._sums.items()}

    def restore(self, state: Mapping[str, list[Tensor | int]], device: torch.device) -> None:
        """Go on from what ``state`` returned."""
        self.reset()
        for name, (total, count) in state.items():
            assert isinstance(total, Tensor)
            self._sums[name] = total.to(device)
            self._counts[name] = int(count)
