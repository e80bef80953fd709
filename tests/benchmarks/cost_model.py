"""A model of the time of a training step on many processes.

A step takes the time of its operators, of the all-reduce of the gradients after each update, and of
the copy of the real images to the device. An operator takes as long as its operations, or as the
bytes that it reads and writes, or as its launch, whichever is longest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ganzoo.operations import Call


class Links(NamedTuple):
    """What connects processes."""

    latency: float
    """Seconds of an all-reduce of a few bytes, for each doubling of the processes."""
    bandwidth: float
    """Bytes per second in each direction."""

    def all_reduce(self, size: float, processes: int, memory: float) -> float:
        """Seconds of a ring all-reduce of so many bytes (Patarasuk and Yuan 2009).

        Before and after it, the gradients are read and written three times at the rate ``memory``:
        they are joined into one tensor, divided, and copied back.
        """
        if processes == 1:
            return 0.0
        sent = 2 * (processes - 1) / processes * size
        return self.latency * math.log2(processes) + sent / self.bandwidth + 6 * size / memory


class Device(NamedTuple):
    """What an accelerator does."""

    low_precision: float
    """Operations per second of matrix products and convolutions in bf16."""
    full_precision: float
    """The same in float32."""
    memory: float
    """Bytes per second."""
    launch: float
    """Seconds between two operators that do nothing."""
    upload: float
    """Bytes per second from the memory of the machine."""
    in_node: Links
    between_nodes: Links
    per_node: int


class Update(NamedTuple):
    """The operators of one update of a phase."""

    name: str
    per_step: float
    """How often it is made in a step."""
    full_precision: bool
    gradients: int
    """Bytes of its gradients."""
    calls: Sequence[Call]

    def seconds(self, device: Device) -> float:
        """The time of its operators."""
        rate = device.full_precision if self.full_precision else device.low_precision
        return sum(
            max(
                call.operations / rate,
                call.bytes / device.memory,
                device.launch if call.bytes else 0,
            )
            for call in self.calls
        )

    def at(self, batch: int, other: Update, batches: tuple[int, int]) -> Update:
        """The same with another batch, from the updates of two batches.

        Raises SystemExit if their operators differ, as those of stylegan2 do.
        """
        small, large = batches
        weight = (batch - small) / (large - small)

        def between(a: float, b: float) -> float:
            return a + weight * (b - a)

        if [call.operator for call in self.calls] != [call.operator for call in other.calls]:
            raise SystemExit(f"{self.name}: batches of {small} and {large} use other operators")
        calls = [
            Call(a.operator, between(a.operations, b.operations), between(a.bytes, b.bytes), 0.0)
            for a, b in zip(self.calls, other.calls, strict=True)
        ]
        return self._replace(calls=calls)
