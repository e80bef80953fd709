"""Running means of scalars, accumulated on the device."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class RunningMeans:
    """The means of scalars by name; ``add`` does not synchronize with the device."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._device = device
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, name: str, value: Tensor) -> None:
        """Add a value, a tensor of shape ()."""
        value = value.detach().float()
        if name in self._sums:
            self._sums[name] += value
        else:
            self._sums[name] = value.clone()
        self._counts[name] = self._counts.get(name, 0) + 1

    def means(self) -> dict[str, float]:
        """The mean of each scalar since the last reset; synchronizes with the device once."""
        if not self._sums:
            return {}
        sums = torch.stack(list(self._sums.values())).tolist()
        return {name: s / self._counts[name] for name, s in zip(self._sums, sums, strict=True)}

    def reset(self) -> None:
        """Remove all values."""
        self._sums.clear()
        self._counts.clear()

    def state_dict(self) -> dict[str, list[Tensor | int]]:
        """Sums on the CPU and counts, so that a report after a resume has the same means."""
        return {name: [s.cpu(), self._counts[name]] for name, s in self._sums.items()}

    def load_state_dict(self, state: Mapping[str, list[Tensor | int]], /) -> None:
        """Restore what ``state_dict`` returned, with the sums on the device."""
        self.reset()
        for name, (total, count) in state.items():
            assert isinstance(total, Tensor)
            self._sums[name] = total.to(self._device)
            self._counts[name] = int(count)
