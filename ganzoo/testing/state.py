"""State that changes while a run trains, kept and brought back as a checkpoint does it."""

from __future__ import annotations

import io
import math
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.components import ComponentSpec, Options
from ganzoo.contracts import Stateful


def resumed(component: ComponentSpec, options: Options, used: object) -> Any:
    """What the component's factory makes anew, with the state of the one that was used.

    Raises whatever saving the state, reading it with ``weights_only=True``, or loading it raises.
    """
    fresh = component.build(options)
    if isinstance(used, Stateful) and isinstance(fresh, Stateful):
        file = io.BytesIO()
        torch.save(dict(used.state_dict()), file)
        file.seek(0)
        fresh.load_state_dict(torch.load(file, weights_only=True))
    return fresh


def buffers_of(network: nn.Module) -> list[Tensor]:
    """A copy of every buffer, such as running statistics and vectors of a power iteration."""
    return [buffer.clone() for buffer in network.buffers()]


def restore_buffers(network: nn.Module, buffers: list[Tensor]) -> None:
    """Set back every buffer, since a network in training may move them at each call."""
    with torch.no_grad():
        for buffer, value in zip(network.buffers(), buffers, strict=True):
            buffer.copy_(value)


def described(value: float) -> str:
    """A number as a finding names it."""
    return "NaN" if math.isnan(value) else str(value)


def not_finite(tensor: Tensor) -> str:
    """``"NaN"`` or ``"infinite values"``, whichever the tensor holds, or nothing."""
    if tensor.isnan().any():
        return "NaN"
    return "" if tensor.isfinite().all() else "infinite values"
