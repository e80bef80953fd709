"""Tools for checks of state: save and load it, restore buffers, find values that are not finite."""

from __future__ import annotations

import io
import math
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.components import ComponentSpec
from ganzoo.contracts import Stateful
from ganzoo.options import Options


def rebuilt_with_state(component: ComponentSpec, options: Options, original: object) -> Any:
    """A new object of the component's factory with the state of the original, as after a resume.

    Raises any error of saving the state, reading it with ``weights_only=True``, or loading it.
    """
    new = component.build(options)
    if isinstance(original, Stateful) and isinstance(new, Stateful):
        file = io.BytesIO()
        torch.save(dict(original.state_dict()), file)
        file.seek(0)
        new.load_state_dict(torch.load(file, weights_only=True))
    return new


def buffers_of(network: nn.Module) -> list[Tensor]:
    """Copies of all buffers, such as running statistics and vectors of a power iteration."""
    return [buffer.clone() for buffer in network.buffers()]


def restore_buffers(network: nn.Module, buffers: list[Tensor]) -> None:
    """Restore all buffers, which a forward pass in training mode may change."""
    with torch.no_grad():
        for buffer, value in zip(network.buffers(), buffers, strict=True):
            buffer.copy_(value)


def number_text(value: float) -> str:
    """A number as problems show it; not a number is ``NaN``."""
    return "NaN" if math.isnan(value) else str(value)


def not_finite(tensor: Tensor) -> str:
    """``"NaN"`` or ``"infinite values"`` if the tensor contains some, else empty."""
    if tensor.isnan().any():
        return "NaN"
    return "" if tensor.isfinite().all() else "infinite values"
